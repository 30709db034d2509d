import { z } from 'zod';
import type { Prediction } from '../suites/predictions.ts';
import { VDC_ASPECTS } from './vdc-questions.ts';

/** A line of the authors' caption file (`post_eval/VDC_1k_captions.jsonl`): a caption under each aspect. */
const PerAspect = z.object({
  video_id: z.string(),
  captions: z.partialRecord(z.enum(VDC_ASPECTS.map((aspect) => `${aspect}_caption` as const)), z.string()),
});

/** The captions of a line in the authors' layout, by item id. Empty for other rows. */
export function vdcPredictions(row: unknown): Prediction[] {
  const { success, data } = PerAspect.safeParse(row);
  if (!success) return [];
  return VDC_ASPECTS.flatMap((aspect) => {
    const caption = data.captions[`${aspect}_caption`];
    return caption === undefined ? [] : [{ ids: [`${aspect}/${data.video_id}`], caption }];
  });
}

/**
 * The item that an answer in a log of lmms-eval is for: a task there (`camera_test`) asks about one aspect. Under
 * another name of this benchmark (`vdc_captions`) the caption is for the video, and stands for all aspects.
 */
export function vdcIdInTask(task: string, video: string): string {
  const aspect = aspectOf(task);
  return aspect === undefined ? video : `${aspect}/${video}`;
}

/** `camera_test`, or a name with `vdc` in it as a word: `vdc_captions`. */
export function isVdcTask(task: string): boolean {
  return aspectOf(task) !== undefined || /(?<![a-z])vdc(?![a-z])/i.test(task);
}

function aspectOf(task: string) {
  return VDC_ASPECTS.find((name) => task === `${name}_test` || task === name);
}
