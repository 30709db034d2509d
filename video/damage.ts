import { type DecodedPicture, decodedPictures } from './decoded-pictures.ts';
import { FfmpegFailure } from './ffmpeg-command.ts';
import type { Decoded } from './lost-frames.ts';
import type { VideoInfo } from './probe.ts';
import { type ProbeOptions, STRICT } from './probe-options.ts';
import { type Part, seekOptions, untilFilter } from './seek-plan.ts';

export type Damage = Required<Pick<Decoded, 'damaged' | 'attempted'>>;

/** Leaves out what the container marks as damaged, and fills no hole in a picture: not as other decoders fill it. */
const UNCONCEALED = ['-fflags', '+discardcorrupt', '-ec:v', '0'];

interface Seen {
  /** Filters that bring a picture to the size and the format in which it is seen. */
  shown: readonly string[];
  info: Pick<VideoInfo, 'durationSeconds' | 'timeline' | 'decoder'>;
}

/**
 * Which frames of each stretch damage has changed. A decoder does not say which pictures depend on a damaged one, so
 * each stretch is decoded twice: by a decoder that leaves out what is damaged, and by one that shows all that it can.
 * What depends on damage differs between them; what does not is the same. Costs two more decodings: only for a file
 * that gives reason to.
 */
export async function damageIn(
  path: string,
  parts: readonly Part[],
  { shown, info }: Seen,
  options: ProbeOptions,
): Promise<Damage[]> {
  const found: Damage[] = [];
  for (const part of parts) {
    const filters = [...untilFilter(part.until), ...shown];
    const decode = (decoder: readonly string[]) => {
      const inputOptions = [...decoder, ...info.decoder, ...seekOptions(part)];
      const pass = { inputOptions, filters, durationSeconds: info.durationSeconds };
      return decodedPictures(path, pass, options).catch((error) => {
        // ffmpeg fails where no picture is left.
        if (error instanceof FfmpegFailure && error.kind === 'refused') return [];
        throw error;
      });
    };
    const careful = await decode([...STRICT, ...UNCONCEALED]);
    found.push(differences(careful, await decode([]), info.timeline.stated));
  }
  return found;
}

/** Pure. */
export function differences(
  careful: readonly DecodedPicture[],
  lenient: readonly DecodedPicture[],
  stated: boolean,
): Damage {
  // Pictures are compared in whatever place they are: where one is left out, ffmpeg may move the times behind it.
  const [measured, other] = stated ? [lenient, careful] : [careful, lenient];
  const sound = new Set(other.map(({ checksum }) => checksum));
  const clean = new Set(measured.filter(({ checksum }) => sound.has(checksum)).map(({ time }) => time));
  const attempted = lenient.map(({ time }) => time);
  const all = measured.map(({ time }) => time);
  return { damaged: new Set(all.filter((time) => !clean.has(time))), attempted };
}
