import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { badAnnotation } from '../annotation-file.ts';
import { vdcInstruction } from './vdc-instructions.ts';
import { readVdc, readVdcQuestions, VDC_ASPECTS, VdcAspect, VdcQuestion, type VdcQuestions } from './vdc-questions.ts';

/** One video under one aspect. */
export const VdcItem = z.strictObject({
  /** `<aspect>/<video id>`: a caption of its own for this aspect is found by it. */
  id: z.string(),
  /** The video's id: one caption for all aspects is found by it. */
  clip: z.string(),
  video: z.string(),
  aspect: VdcAspect,
  /** What the authors ask the policy for here. */
  instruction: z.string(),
  questions: z.array(VdcQuestion).min(1),
});
export type VdcItem = z.infer<typeof VdcItem>;

/**
 * The items of the authors' folder of question files, or of one file named after its aspect. Videos in the order they
 * first come, all aspects of a video together, so that the first so many videos are whole. A video without questions
 * under an aspect is no item there, since nothing can be measured on it; in the published files there is none.
 * @throws VideocapError `InvalidDataset` that names file, line and field.
 */
export async function readVdcItems(path: string): Promise<VdcItem[]> {
  const aspects = await readAspects(path);
  const videos = new Set([...aspects.values()].flatMap((questions) => [...questions.keys()]));
  const items = [...videos].flatMap((clip) =>
    [...aspects].flatMap(([aspect, all]) => {
      const questions = all.get(clip) ?? [];
      return questions.length === 0 ? [] : [itemOf(aspect, clip, questions)];
    }),
  );
  if (items.length === 0) throw badAnnotation(`The VDC question files in ${path} have no question.`);
  return items;
}

function itemOf(aspect: VdcAspect, clip: string, questions: readonly VdcQuestion[]): VdcItem {
  return {
    id: `${aspect}/${clip}`,
    clip,
    video: `${clip}.mp4`,
    aspect,
    instruction: vdcInstruction(aspect, clip),
    questions: [...questions],
  };
}

async function readAspects(path: string): Promise<Map<VdcAspect, VdcQuestions>> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isFolder) return readVdc(path);
  const aspect = VdcAspect.safeParse(basename(path, '.jsonl'));
  if (!aspect.success)
    throw badAnnotation(
      `The name of the VDC question file ${path} does not say its aspect; name it ` +
        `${VDC_ASPECTS.map((name) => `${name}.jsonl`).join(' or ')}, or give the folder with these ` +
        `(${dirname(path)}?).`,
    );
  return new Map([[aspect.data, await readVdcQuestions(path)]]);
}
