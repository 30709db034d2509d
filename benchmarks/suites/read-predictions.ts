import { z } from 'zod';
import { badAnnotation, readAnnotationFile } from '../annotation-file.ts';
import type { Suite } from './suite.ts';

const Row = z.object({ id: z.union([z.string(), z.number()]), caption: z.string() });

/**
 * Captions by id from a file that something else wrote: JSONL or a JSON list of `{"id": ..., "caption": ...}`, a JSON
 * object
 * `{id: caption}`, or a layout of the suite's authors. An empty caption counts as a caption.
 * @throws VideocapError `InvalidDataset` that names file, place and remedy.
 */
export async function readPredictions(path: string, suite: Suite): Promise<Map<string, string>> {
  const predictions = new Map<string, string>();
  const text = await readAnnotationFile(path, 'Predictions file');
  const rowsOf = (value: unknown) => {
    const { success, data } = Row.safeParse(value);
    return success ? [{ id: `${data.id}`, caption: data.caption }] : (suite.readPredictions?.(value) ?? []);
  };
  for (const { value, place } of valuesOf(text, (value) => rowsOf(value).length > 0)) {
    const rows = rowsOf(value);
    if (rows.length === 0)
      throw badAnnotation(
        `Predictions file ${path} ${place} is no caption; write lines such as {"id": "1", "caption": "A man ` +
          `walks."}, with the ids of the suite's clips.`,
      );
    for (const { id, caption } of rows) {
      if ((predictions.get(id) ?? caption) !== caption)
        throw badAnnotation(
          `Predictions file ${path} ${place}: there is another caption for ${JSON.stringify(id)} before it; keep one.`,
        );
      predictions.set(id, caption);
    }
  }
  if (predictions.size === 0) throw badAnnotation(`Predictions file ${path} has no captions.`);
  return predictions;
}

type Value = { value: unknown; place: string };

/** The values of a file: the entries of one JSON list, those of one JSON object by id, or a line each. */
function valuesOf(text: string, isRow: (value: unknown) => boolean): Value[] {
  const whole = parsed(text);
  if (Array.isArray(whole)) return whole.map((value, i) => ({ value, place: `entry ${i}` }));
  if (typeof whole === 'object' && whole !== null && !isRow(whole))
    return Object.entries(whole).map(([id, value]) => ({
      value: typeof value === 'string' ? { id, caption: value } : { id, ...value },
      place: `entry ${JSON.stringify(id)}`,
    }));
  return text.split('\n').flatMap((line, i) => {
    const place = `line ${i + 1}`;
    return line.trim() === '' ? [] : [{ value: parsed(line), place }];
  });
}

/** `undefined` for what is no JSON: that is no caption either. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
