import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { sha256 } from '../../core/sha256.ts';
import { badAnnotation, readAnnotationFile } from '../annotation-file.ts';
import { ID_FIELDS, logOf, readLogged, taskOfFile } from './lmms-eval-log.ts';
import type { Prediction } from './predictions.ts';
import type { Suite, SuiteItem } from './suite.ts';

export interface Predictions {
  /** By the id of an item or of a clip. An empty one counts as a caption. */
  captions: Map<string, string>;
  /** What a reader of the result must know, as sentences: captions in conflict, and of no clip. */
  warnings: string[];
  /** Of everything that was read. */
  sha256: string;
}

/**
 * Captions by id that something else wrote: JSONL or a JSON list of `{"id": ..., "caption": ...}`, a JSON object `{id:
 * caption}`, a layout of the suite's authors, a log of lmms-eval, or a folder of such files, as Tarsier's inference and
 * lmms-eval leave it. Texts stay as they are.
 * @param items all of the annotations.
 * @throws VideocapError `InvalidDataset` that names file, place and remedy.
 */
export async function readPredictions(path: string, suite: Suite, items: readonly SuiteItem[]): Promise<Predictions> {
  const byId = new Map(items.flatMap((item) => [[item.clip, item] as const]));
  for (const item of items) byId.set(item.id, item);
  const files = await filesOf(path);
  const captions = new Map<string, string>();
  const [conflicts, unknown, empty] = [new Set<string>(), new Set<string>(), [] as string[]];
  const otherTasks = new Set<string>();
  const hashes: string[] = [];
  for (const file of files) {
    const text = await readAnnotationFile(file, 'Predictions file');
    hashes.push(sha256(text));
    const { found, ofOtherTask } = predictionsIn(text, file, suite, byId, files.length > 1 || file !== path);
    if (ofOtherTask) otherTasks.add(basename(file));
    else if (found.length === 0) empty.push(basename(file));
    for (const { ids, caption } of found) {
      const id = ids.find((name) => byId.has(name));
      if (id === undefined) unknown.add(ids[0]!);
      else if (!captions.has(id)) captions.set(id, caption);
      else if (captions.get(id) !== caption) {
        conflicts.add(id);
        if (suite.repeatedPrediction === 'last') captions.set(id, caption);
      }
    }
  }
  if (captions.size + unknown.size + otherTasks.size === 0)
    throw badAnnotation(`${files.length > 1 ? 'Predictions folder' : 'Predictions file'} ${path} has no captions.`);
  if (captions.size + unknown.size === 0)
    throw badAnnotation(
      `${path} has only logs of other tasks than those of ${suite.title}; give the log of its task, or write lines ` +
        'such as {"id": "1", "caption": "A man walks."}.',
    );
  const warnings = [
    ...sentence(
      conflicts,
      (n) => `${n} of the predictions ${is(n)} there again with another text, and the ${suite.repeatedPrediction} one`,
      "counts, as in the authors' script",
    ),
    ...sentence(
      unknown,
      (n) => `${n} of the predictions ${is(n)} of no clip of ${suite.title}`,
      'and not scored; check that they belong to these annotations',
    ),
    ...sentence(
      otherTasks,
      (n) => `${n} of the files in ${path} ${is(n)} of another task of lmms-eval than those of ${suite.title}`,
      'and not scored',
    ),
    ...sentence(new Set(empty), (n) => `${n} of the files in ${path} ${n === 1 ? 'has' : 'have'} no captions`, ''),
  ];
  return { captions, warnings, sha256: sha256(hashes.join('\n')) };
}

/** Ids that a warning names. */
const NAMED = 5;

function sentence(ids: ReadonlySet<string>, what: (count: number) => string, end: string): string[] {
  if (ids.size === 0) return [];
  const more = ids.size > NAMED ? ` and ${ids.size - NAMED} more` : '';
  const named = [...ids].slice(0, NAMED).map((id) => JSON.stringify(id));
  return [`${what(ids.size)}${end && ` ${end}`}: ${named.join(', ')}${more}.`];
}

function is(count: number): string {
  return count === 1 ? 'is' : 'are';
}

/** The file itself, or those of a folder, without its subfolders: Tarsier's evaluation writes into one. */
async function filesOf(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [path];
  const names = (await readdir(path)).filter((name) => /\.jsonl?$/i.test(name)).sort();
  if (names.length === 0)
    throw badAnnotation(`Predictions folder ${path} has no .jsonl or .json file; give the folder they lie in.`);
  return names.map((name) => join(path, name));
}

const Row = z.looseObject({ id: z.union([z.string(), z.number()]), caption: z.string() });

/** Names of what a model wrote: beside one of them `caption` is often the reference. */
const WRITTEN = new RegExp(
  '^(model_)?(pred(icted|ictions?)?|generat(ed|ions?)|(response|output|answer|completion|result|candidate)s?|' +
    'hyp(othes[ei]s)?|text|(filtered_)?resps)(_caption|_text)?$',
  'i',
);

/** The field beside `caption` whose other text may be the prediction: a reader cannot tell which of them is. */
function rivalOf({ id: _, caption, ...others }: z.infer<typeof Row>): string | undefined {
  return Object.entries(others).find(([name, value]) => {
    const [text] = [value].flat(2);
    return WRITTEN.test(name) && text !== caption && (typeof text === 'string' || name.endsWith('resps'));
  })?.[0];
}

type Read = Prediction & { rival?: string | undefined };
/** Why a row gives no prediction although it may hold one. */
type Unread = Extract<ReturnType<typeof readLogged>, string>;

/** The predictions of one file. `amongOthers`: it may have none, since not all of a folder's files have some. */
function predictionsIn(
  text: string,
  file: string,
  suite: Suite,
  items: ReadonlyMap<string, SuiteItem>,
  amongOthers: boolean,
): { found: Prediction[]; ofOtherTask: boolean } {
  const whole = parsed(text);
  const log = logOf(whole);
  const task = log?.task === undefined ? taskOfFile(basename(file)) : { task: log.task, certain: true };
  let ofOtherTask = false;
  const read = (value: unknown): Read[] | Unread => {
    const logged = readLogged(value, suite, task);
    if (logged === 'elsewhere') ofOtherTask = true;
    if (logged.length > 0 && logged !== 'of an unknown task') return logged;
    const theirs = suite.readPredictions?.(value, (id) => items.get(id)) ?? [];
    if (theirs.length > 0) return theirs;
    const { success, data } = Row.safeParse(value);
    const rival = success ? rivalOf(data) : undefined;
    if (logged === 'of an unknown task' && (!success || rival !== undefined)) return logged;
    return success ? [{ ids: [`${data.id}`], caption: data.caption, rival }] : [];
  };
  const values = log
    ? log.rows.map((value, i) => ({ value, place: `logs[${i}]` }))
    : valuesOf(text, whole, (value) => read(value).length > 0);
  const rows = values.map(({ value, place }) => ({ value, place, found: read(value) }));
  const broken = rows.find(({ value }) => value === NO_JSON);
  if (amongOthers && !broken && rows.every(({ found }) => found === 'elsewhere' || found.length === 0))
    return { found: [], ofOtherTask };
  const predictions = rows.flatMap(({ value, place, found }) => {
    if (found === 'elsewhere') return [];
    if (found === 'of an unknown task')
      throw badAnnotation(
        `Predictions file ${file} ${place} is of a log of lmms-eval, and neither the log nor the name of its file ` +
          `tells a task of ${suite.title}; name the file as lmms-eval does, <time>_samples_<task>.jsonl, or write ` +
          'lines such as {"id": "1", "caption": "A man walks."}.',
      );
    if (found.length === 0)
      throw badAnnotation(
        `Predictions file ${file} ${place} is no caption${value === NO_JSON ? ', and no JSON' : ''}; write lines ` +
          'such as {"id": "1", "caption": "A man walks."}, with the ids of the suite\'s clips.',
      );
    const rival = found.find((one) => one.rival !== undefined)?.rival;
    if (rival !== undefined)
      throw badAnnotation(
        `Predictions file ${file} ${place} has "caption" and "${rival}" with different texts; leave only the ` +
          'prediction, as "caption".',
      );
    if (found.some(({ ids }) => ids.length === 0))
      throw badAnnotation(
        `Predictions file ${file} ${place} has an answer and nothing that names its video: ${ID_FIELDS.join(', ')} ` +
          'of its document, or of what its metrics were given. Add one of them, or write {"id": ..., "caption": ...}.',
      );
    return found;
  });
  return { found: predictions, ofOtherTask };
}

/** What was left of a row where its writer was stopped, for one. */
const NO_JSON = Symbol('no JSON');

type Value = { value: unknown; place: string };

/** The values of a file: the entries of one JSON list, those of one JSON object by id, or a line each. */
function valuesOf(text: string, whole: unknown, isRow: (value: unknown) => boolean): Value[] {
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

/** A string of JSON, or a number that Python's `json` writes and JSON does not have. */
const NUMBERS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\b(?:NaN|Infinity)\b/g;

/**
 * `NO_JSON` for what is none. Python writes `NaN` among a log's metrics; it is read as `null`, since no caption is a
 * number.
 */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const json = text.replace(NUMBERS, (found) => (found.startsWith('"') ? found : 'null'));
    return json === text ? NO_JSON : parsed(json);
  }
}
