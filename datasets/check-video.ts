import { lstat, realpath, stat } from 'node:fs/promises';
import { dirname, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { clipped } from '../core/clipped.ts';
import { VideocapError } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';
import { clipIdentity } from '../video/extract-frames.ts';
import type { FrameOptions } from '../video/frame-options.ts';
import { openClip } from '../video/open-clip.ts';
import { picturesOf } from '../video/pictures.ts';
import type { Excerpt } from '../video/segment.ts';
import { contentOf } from '../video/video-content.ts';
import { shownPath } from '../video/video-errors.ts';
import { isAddress, videoPath } from './video-path.ts';

export interface CheckedVideo {
  path: string;
  sha256: string;
  bytes: number;
}

/** The fields of a sample that are about its video. */
interface NamedVideo extends Excerpt {
  video: string;
}

/**
 * The video that a sample of `dataset` names, once it gave all its frames: what can be decoded here can be decoded by
 * the run. A content that passed is remembered in the store, so that the next run of the same data only hashes it.
 * @throws VideocapError `InvalidVideo` when it is no such video, or has nothing in the sample's segment.
 */
export async function checkVideo(
  { video: name, start, end, fps, times }: NamedVideo,
  dataset: string,
  frames: FrameOptions,
  { store, signal }: { store: ArtifactStore; signal: AbortSignal | undefined },
): Promise<CheckedVideo> {
  const folder = dirname(resolve(dataset));
  const path = await videoPath(name, folder);
  const excerpt: Excerpt = { start, end, fps, times };
  const found = await stat(path).catch(() => undefined);
  if (found === undefined && isAddress(name)) throw notAFile(name);
  if (found === undefined && folder === EXAMPLES) throw notMadeYet(path);
  // Opening what is neither file nor folder gives the reason why it is no video.
  if (!found?.isDirectory() && (!found?.isFile() || found.size === 0))
    await openClip(path, { ...frames, signal }, excerpt);
  await refuseLinksOut(path, folder);
  if (found?.isDirectory()) await refusePicturesElsewhere(path);
  const content = await contentOf(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
    throw new VideocapError('InvalidVideo', `Video ${shownPath(path)} may not be read; give the worker the right to.`);
  });
  await store.once(checkedKey(content.sha256, frames, excerpt), async () => {
    const { durationSeconds } = await openClip(path, { ...frames, signal }, excerpt);
    return `${JSON.stringify({ durationSeconds })}\n`;
  });
  return { path, ...content };
}

/** Where the store remembers that a content gave all its frames. */
export function checkedKey(contentSha256: string, frames: FrameOptions, excerpt: Excerpt = {}): string {
  return keyOf('checkedVideo', { hash: clipIdentity(contentSha256, frames, excerpt) });
}

async function refusePicturesElsewhere(folder: string): Promise<void> {
  for (const picture of (await picturesOf(folder)) ?? [])
    if ((await lstat(picture)).isSymbolicLink()) await refuseLinksOut(picture, folder);
}

/** The folder whose data sets name clips of a film that is not part of the repository. */
const EXAMPLES = fileURLToPath(new URL('../configs/examples', import.meta.url));

function notMadeYet(path: string): VideocapError {
  return new VideocapError(
    'InvalidVideo',
    `Video ${shownPath(path)} does not exist; run \`npm run example:film\` first, which makes the clips of the ` +
      'examples.',
  );
}

function notAFile(name: string): VideocapError {
  const address = shownPath(clipped(name, 120));
  return new VideocapError('InvalidVideo', `video "${address}" is an address; download it and name the file`);
}

/** A file elsewhere can be named, but not by a link either. */
async function refuseLinksOut(path: string, folder: string): Promise<void> {
  const leads = await linkOut(path, path.startsWith(folder + sep) ? folder : dirname(path));
  if (leads) throw new VideocapError('InvalidVideo', `${leads}; name that file itself, or copy it.`);
}

/**
 * Data from elsewhere may hold links to any file of this machine, so a file that is named inside a folder must really
 * be inside it. Returns the target of a link that leads out of the folder. The folder itself may be a link. Both paths
 * are absolute.
 */
export async function linkOut(path: string, folder: string): Promise<string | undefined> {
  const [target, inside] = await Promise.all([realpath(path), realpath(folder)]);
  if (target.startsWith(inside.endsWith(sep) ? inside : inside + sep)) return undefined;
  return `Video ${shownPath(path)} is a link that leads out of ${shownPath(folder)}, to ${shownPath(target)}`;
}
