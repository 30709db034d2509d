import { z } from 'zod';

/** What the authors' captioning writes of a clip (`description.json`, by `idx`), and their evaluation again (`DREAM_eval_infos.jsonl`). */
const Described = z.union([
  z.object({ id: z.union([z.string(), z.int()]), pred: z.string() }),
  z.object({ idx: z.union([z.string(), z.int()]), pred: z.string() }),
]);

/** The caption of a row in the authors' layouts; empty for other rows. */
export function careBenchPredictions(row: unknown): { id: string; caption: string }[] {
  const { success, data } = Described.safeParse(row);
  return success ? [{ id: `${'id' in data ? data.id : data.idx}`, caption: data.pred }] : [];
}
