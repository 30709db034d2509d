import { type Identity, LONGEST_FACT } from '../core/identity.ts';
import { machineIdentity } from '../core/machine.ts';
import { sha256 } from '../core/sha256.ts';
import { findFfmpeg } from './ffmpeg-binary.ts';

/** The libraries that decode, scale and filter; the others change no pixel. */
const LIBRARIES = /^(lib(?:avutil|avcodec|avformat|avfilter|swscale))\s+(\d+)\.\s*(\d+)\.\s*(\d+)/gm;
const HEX_DIGITS = 12;

/**
 * What frames are decoded with on this machine: ffmpeg with its libraries and its build, which says which decoders it
 * has, and the processor, by which they choose their code.
 * @throws VideocapError `MissingTool`.
 */
export async function decoderIdentity(): Promise<Identity> {
  const { about } = await findFfmpeg();
  return { ...ffmpegIdentity(about), ...(await machineIdentity()) };
}

/** @param about what `ffmpeg -version` says. */
export function ffmpegIdentity(about: string): Identity {
  const [first = ''] = about.split('\n', 1);
  const [, version = first] = /^ffmpeg version (.+?)(?: Copyright .*)?$/.exec(first.trim()) ?? [];
  const libraries = [...about.matchAll(LIBRARIES)].map(([, name, ...parts]) => [name!, parts.join('.')] as const);
  const build = about.split('\n').filter((line) => /^(?:built with|configuration:)/.test(line));
  return {
    ffmpeg: version.slice(0, LONGEST_FACT),
    ...Object.fromEntries(libraries),
    ...(build.length > 0 && { ffmpegBuild: sha256(build.join('\n')).slice(0, HEX_DIGITS) }),
  };
}
