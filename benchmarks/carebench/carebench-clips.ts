import { z } from 'zod';
import { badAnnotation, checkAnnotation, readAnnotation, readAnnotationFile } from '../annotation-file.ts';

/** One clip of CaReBench. `events` and `objects` are what its caption tells, where the file already lists them. */
export const CareBenchClip = z.object({
  /** The video file's name, relative to the benchmark's video folder; names the clip. */
  video: z.string().min(1),
  caption: z.string().min(1),
  events: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? undefined),
  objects: z
    .array(z.string())
    .nullish()
    .transform((list) => list ?? undefined),
});
export type CareBenchClip = z.infer<typeof CareBenchClip>;

/**
 * CaReBench's annotation file (`json/` of the dataset `MCG-NJU/CaReBench`): a JSON list of `{video, caption, events?, objects?}`, in the
 * file's order; fields of its other tasks are ignored. A clip without `events` or `objects` gets them from its caption, by the judge,
 * as in the authors' code.
 * @throws VideocapError `InvalidDataset` that names the file, the entry and the field.
 */
export async function readCareBench(path: string): Promise<CareBenchClip[]> {
  const file = `CaReBench file ${path}`;
  const entries = readAnnotation(await readAnnotationFile(path, 'CaReBench file'), z.array(z.unknown()), file);
  if (entries.length === 0) throw badAnnotation(`${file} is an empty list.`);
  const places = new Map<string, number>();
  return entries.map((entry, index) => {
    const clip = checkAnnotation(entry, CareBenchClip, `${file} entry ${index}`);
    const first = places.get(clip.video);
    if (first !== undefined)
      throw badAnnotation(
        `${file} entry ${index}, field video: ${JSON.stringify(clip.video)} is that of entry ${first} already; ` +
          'keep one, since captions are told apart by it.',
      );
    places.set(clip.video, index);
    return clip;
  });
}
