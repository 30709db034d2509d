import { type DecodedPicture, decodedPictures } from './decoded-pictures.ts';
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
  info: Pick<VideoInfo, 'durationSeconds' | 'timeline'>;
}

/**
 * Which frames of each stretch damage has changed. A decoder does not say which pictures lean on a damaged one, so each
 * stretch is decoded twice: by a decoder that leaves out what is damaged, and by one that shows all that it can. What
 * leans on damage differs between them; what does not is the same. Costs two more decodings: only for a file that
 * gives reason to.
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
      const inputOptions = [...decoder, ...seekOptions(part)];
      return decodedPictures(path, { inputOptions, filters, durationSeconds: info.durationSeconds }, options);
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
  // Where the container does not state when pictures are shown, one that is left out moves those behind it.
  const keyOf = ({ time, checksum }: DecodedPicture) => (stated ? `${time} ${checksum}` : checksum);
  const sound = new Set(lenient.map(keyOf));
  const clean = new Set(careful.filter((picture) => sound.has(keyOf(picture))).map(({ time }) => time));
  const attempted = lenient.map(({ time }) => time);
  const all = [...attempted, ...careful.map(({ time }) => time)];
  return { damaged: new Set(all.filter((time) => !clean.has(time))), attempted };
}
