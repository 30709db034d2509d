import { z } from 'zod';
import type { Prediction } from './predictions.ts';
import type { Suite } from './suite.ts';

/**
 * Logs of `EvolvingLMMs-Lab/lmms-eval` (`--log_samples`), in both of their forms: `<time>_samples_<task>.jsonl` with a
 * row a line (`lmms_eval/loggers/evaluation_tracker.py`), and, of versions before 0.3, `<task>.json` with the rows in
 * `logs` (`lmms_eval/__main__.py`).
 */
const Log = z.object({
  logs: z.array(z.unknown()),
  model_configs: z.object({ task: z.string() }).optional().catch(undefined),
});

const Row = z
  .object({
    doc_id: z.union([z.int(), z.string()]).optional(),
    doc: z.record(z.string(), z.unknown()).optional(),
    resps: z.unknown(),
    filtered_resps: z.unknown(),
  })
  .partial()
  .loose();

/** How data sets name a video, the one that the authors of VDC look up first. */
export const ID_FIELDS = ['video_id', 'video_name', 'idx', 'id', 'vid', 'video', 'video_path'];

/** What a log is of. */
export interface Task {
  task: string;
  /** Whether the log names it, or its file in lmms-eval's own way; otherwise it is just a name that the file has. */
  certain: boolean;
}

/** The rows of a log in the older form, with the name of its task; `undefined` for other files. */
export function logOf(file: unknown): { rows: unknown[]; task: string | undefined } | undefined {
  const { success, data } = Log.safeParse(file);
  return success ? { rows: data.logs, task: data.model_configs?.task } : undefined;
}

/**
 * `camera_test`, of `20261129_101500_samples_camera_test.jsonl` and of `camera_test.json`. Any file may have a name of
 * the second form: it is `certain` to be a task's in the first alone.
 */
export function taskOfFile(name: string): Task {
  const [, task] = /^(?:.*_)?samples_(.+)\.jsonl?$/i.exec(name) ?? [];
  return task === undefined ? { task: name.replace(/\.jsonl?$/i, ''), certain: false } : { task, certain: true };
}

/**
 * The caption of a row: the model's first answer, as it wrote it. The newer form leaves `resps` out where it is what
 * `filtered_resps` is, and `doc` always; what names the video is then in what the task's metrics were given, if they
 * were given it: `ids` may be empty. Only a log of a task of the suite is read: others may have videos of the same
 * names (`1.mp4`), and answers that are no captions.
 * @returns `elsewhere` for a row of another task, `of an unknown task` where the log does not tell which it is of.
 */
export function readLogged(
  row: unknown,
  suite: Suite,
  { task, certain }: Task,
): Prediction[] | 'elsewhere' | 'of an unknown task' {
  const { success, data } = Row.safeParse(row);
  if (!success || suite.isTask === undefined) return [];
  const caption = firstText(data.resps) ?? firstText(data.filtered_resps);
  if (caption === undefined) return [];
  if (!suite.isTask(task)) return certain ? 'elsewhere' : 'of an unknown task';
  const { doc, doc_id: docId, ...others } = data;
  const metrics = Object.values(others).filter((value) => typeof value === 'object' && value !== null);
  const names = [...new Set([doc ?? {}, ...metrics, others].flatMap(namesIn))];
  // Not by the video alone where the task is one aspect's: its caption must not stand for another aspect.
  const ids = names.map((name) => suite.idInTask?.(task, name) ?? name);
  if (ids.length === 0 && suite.docIdIsId && docId !== undefined) ids.push(`${docId}`);
  return [{ ids, caption }];
}

/** What of these fields may name the video: as it is, and as a file without folder and extension. */
function namesIn(fields: object): string[] {
  return ID_FIELDS.flatMap((field) => {
    const value: unknown = (fields as Record<string, unknown>)[field];
    if (typeof value !== 'string' && typeof value !== 'number') return [];
    const file = `${value}`.split(/[\\/]/).at(-1)!;
    return [`${value}`, file, file.replace(/\.[^.]+$/, '')];
  });
}

/** Answers are wrapped in lists, one for each request and one for each repetition. */
function firstText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? firstText(value[0]) : undefined;
}
