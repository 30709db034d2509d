import { z } from 'zod';
import { VDC_ASPECTS } from './vdc-questions.ts';

/** A line of the authors' caption file (`post_eval/VDC_1k_captions.jsonl`): a caption under each aspect. */
const PerAspect = z.object({
  video_id: z.string(),
  captions: z.partialRecord(z.enum(VDC_ASPECTS.map((aspect) => `${aspect}_caption` as const)), z.string()),
});

/** An entry of what `process_vdc_result.py` scores, as lmms-eval logs it: one caption. */
const Logged = z.object({
  doc: z.object({ video_id: z.string() }),
  resps: z.tuple([z.tuple([z.string()], z.unknown())], z.unknown()),
});

/**
 * The captions of a row in one of the authors' two layouts, by item id where there is one under each aspect, by video
 * id where there is one for all. Empty for other rows.
 */
export function vdcPredictions(row: unknown): { id: string; caption: string }[] {
  const perAspect = PerAspect.safeParse(row);
  if (perAspect.success) {
    const { video_id, captions } = perAspect.data;
    return VDC_ASPECTS.flatMap((aspect) => {
      const caption = captions[`${aspect}_caption`];
      return caption === undefined ? [] : [{ id: `${aspect}/${video_id}`, caption }];
    });
  }
  const logged = Logged.safeParse(row);
  return logged.success ? [{ id: logged.data.doc.video_id, caption: logged.data.resps[0][0] }] : [];
}
