import { posix } from 'node:path';
import { z } from 'zod';
import type { Prediction } from '../suites/predictions.ts';
import { type Dream1kItem, Dream1kRow, predictedCaption } from './dream1k-annotations.ts';

/** What the authors' evaluation writes of a clip (`DREAM_eval_infos.jsonl`): `idx` is `DREAM/youtube_7`. */
const Evaluated = z.object({ idx: z.string().regex(/^[^/]+\/.+_[^_]+$/), pred: z.string() });

/**
 * The caption of a row as the authors' inference writes it, and their evaluation again. All of their benchmarks' rows
 * may lie in one folder: those of another one are elsewhere.
 */
export function dream1kPredictions(
  row: unknown,
  itemOf: (id: string) => Dream1kItem | undefined,
): Prediction[] | 'elsewhere' {
  const isDream = (dataset: string, id: string) =>
    dataset.split('/')[0] === 'DREAM' || itemOf(id)?.category === posix.basename(dataset);
  const evaluated = Evaluated.safeParse(row);
  if (evaluated.success) {
    const { idx, pred } = evaluated.data;
    const end = idx.lastIndexOf('_');
    return isDream(idx.slice(0, end), idx.slice(end + 1))
      ? [{ ids: [idx.slice(end + 1)], caption: pred }]
      : 'elsewhere';
  }
  const { success, data } = Dream1kRow.safeParse(row);
  if (!success) return isOfTarsier(row) ? 'elsewhere' : [];
  const id = `${data.idx}`;
  return isDream(data.dataset, id) ? [{ ids: [id], caption: predictedCaption(data) }] : 'elsewhere';
}

const OtherRow = z.object({ messages: z.array(z.unknown()), dataset: z.string() });

/** Rows of their other benchmarks show images, and may have no reference. */
function isOfTarsier(row: unknown): boolean {
  const { success, data } = OtherRow.safeParse(row);
  return success && data.dataset.split('/')[0] !== 'DREAM';
}
