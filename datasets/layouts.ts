import { closest } from '../core/did-you-mean.ts';
import { OwnSampleFields } from './own-sample.ts';
import { shownValue } from './shown-value.ts';

type Row = Readonly<Record<string, unknown>>;
type Read = { fields: unknown } | { problem: string };
interface Turn {
  role: 'system' | 'user' | 'assistant';
  text: string;
  /** What content that comes in parts names beside texts. */
  media: Row[];
}

/** Lists of turns: of ms-swift and LLaMA-Factory (`messages`, `conversations`), and ms-swift's ShareGPT form. */
const TURN_LISTS = ['messages', 'conversations', 'conversation'] as const;
/** Fields that hold one turn each: ms-swift's query-response, and the Alpaca form, whose `input` comes second. */
const QUESTIONS = ['query', 'instruction', 'input'] as const;
const ANSWERS = ['response', 'output'] as const;
const MEDIA = ['videos', 'images', 'image'] as const;
/** Not used: the chat template of the model has a system text of its own. */
const UNUSED = ['system', 'history'] as const;

/** The fields by which a row in the layout of another trainer is known. */
export const LAYOUT_FIELDS: readonly string[] = [...TURN_LISTS, ...QUESTIONS, ...ANSWERS, ...MEDIA];

const ROLES: Readonly<Record<string, Turn['role']>> = {
  system: 'system',
  user: 'user',
  human: 'user',
  assistant: 'assistant',
  gpt: 'assistant',
};

/** Where a text has its video: the tags of ms-swift, LLaMA-Factory and LLaVA, and Qwen's tokens. */
const TAG = /<(?:video|image)>|<\|vision_start\|><\|(?:video|image)_pad\|><\|vision_end\|>/g;

/**
 * A row of a dataset file with the project's own fields. Rows in them are returned without fields that are null; of a
 * row in another layout the answer of the assistant is the `caption`, the user's text the `prompt`, and its one video
 * the `video`. The row may have fields of the project beside those of its layout; others are left out, except one that
 * is probably misspelt. An id may be a number. Fields that are empty, as tables have them, are ignored. Sources:
 * docs/source_en/Customization/Custom-dataset.md of ms-swift, data/README.md of LLaMA-Factory.
 */
export function fieldsOf(json: unknown): Read {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { fields: json };
  if (!LAYOUT_FIELDS.some((field) => Object.hasOwn(json, field))) {
    const filled: Row = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
    return { fields: { ...filled, ...numberedId(filled) } };
  }
  const row = filledOf(json);
  const empty = [...TURN_LISTS, ...ANSWERS].find((field) => Object.hasOwn(json, field) && !(field in row));
  try {
    return { fields: converted(row, empty) };
  } catch (error) {
    if (error instanceof LayoutProblem) return { problem: error.message };
    throw error;
  }
}

/** The id of a row that is a number, as a text. */
const numberedId = ({ id }: Row) => (typeof id === 'number' ? { id: String(id) } : {});

/** Ends the reading of a row; its message is the row's problem. */
class LayoutProblem extends Error {}

/** @param empty a field for the answer that is there and empty. */
function converted(row: Row, empty: string | undefined): Row {
  const lists = TURN_LISTS.filter((field) => field in row);
  const single = [...QUESTIONS, ...ANSWERS].filter((field) => field in row);
  const forms = [...lists, ...(single.length > 0 ? [single[0]!] : [])];
  if (forms.length > 1)
    throw new LayoutProblem(
      `it has both "${forms[0]}" and "${forms[1]}"; keep the one with the question and the answer`,
    );
  if (Array.isArray(row.history))
    throw new LayoutProblem('"history" has earlier turns; a sample has one question and one answer: leave it out');
  const [list] = lists;
  const turns = list === undefined ? singleTurns(row) : turnsOf(list, row[list]);
  const where = list ?? single[0] ?? 'videos';
  const [question, answer] = [onlyTurn(turns, 'user', where), onlyTurn(turns, 'assistant', where)];
  const others = new Set<string>([...LAYOUT_FIELDS, ...UNUSED, 'video']);
  const { prompt: asked, ...rest } = Object.fromEntries(
    Object.entries(row).filter(([field]) => !others.has(field) && isMeant(field)),
  );
  // Rows of ms-swift may have `prompt` for `query`, with the same tags; one of tags alone asks nothing.
  const ownPrompt = typeof asked === 'string' ? untagged(asked) : asked;
  const own: Row = { ...rest, ...(ownPrompt !== undefined && ownPrompt !== '' && { prompt: ownPrompt }) };
  const parts = turns.flatMap(({ media }) => media);
  if (answer === undefined && own.caption === undefined)
    throw new LayoutProblem(
      empty === undefined
        ? `"${where}" has no answer of the assistant, which is the caption; add it, or "caption"`
        : `"${empty}" is empty, and the assistant's answer is the caption; add it, or "caption"`,
    );
  const prompt = question && untagged(question.text);
  return {
    ...own,
    ...numberedId(own),
    ...videoOf(row, parts, own, where),
    ...(prompt && { prompt: given(own, 'prompt', prompt, where) }),
    ...(answer && { caption: given(own, 'caption', untagged(answer.text), where) }),
  };
}

/** Whether a field is one of the project's, or probably a misspelt one. Rows have others for other programs. */
function isMeant(field: string): boolean {
  const own = Object.keys(OwnSampleFields.shape);
  return own.includes(field) || closest(field, [...own, ...LAYOUT_FIELDS]) !== undefined;
}

/** A value of the layout, unless the row has one in the project's own field as well. */
function given<Value>(own: Row, field: string, value: Value, where: string): Value {
  if (own[field] === undefined) return value;
  throw new LayoutProblem(`it has its ${field} twice, in "${where}" and as "${field}"; leave one out`);
}

function singleTurns(row: Row): Turn[] {
  const texts = (fields: readonly string[]) =>
    fields.filter((field) => field in row).map((field) => textOf(row[field], field));
  const [question, answer] = [texts(QUESTIONS), texts(ANSWERS)];
  return [
    ...(question.length > 0 ? [{ role: 'user' as const, text: question.join('\n'), media: [] }] : []),
    ...answer.map((text) => ({ role: 'assistant' as const, text, media: [] })),
  ];
}

function turnsOf(list: string, value: unknown): Turn[] {
  if (!Array.isArray(value)) throw new LayoutProblem(`"${list}" is ${shownValue(value)}, not a list of turns`);
  return value.flatMap((turn: unknown, i) => {
    const place = `${list}.${i}`;
    if (typeof turn !== 'object' || turn === null || Array.isArray(turn))
      throw new LayoutProblem(`"${place}" is ${shownValue(turn)}, not a turn`);
    const fields = filledOf(turn);
    // ms-swift's ShareGPT form: one object with the question and the answer.
    if (!('role' in fields) && !('from' in fields))
      return Object.entries(fields).map(([role, text]) => turnOf(role, text, place, [role]));
    const [role, content] = 'role' in fields ? ['role', 'content'] : ['from', 'value'];
    for (const field of Object.keys(fields))
      if (field !== role && field !== content) throw unknown(field, place, [role!, content!]);
    return [turnOf(fields[role!], fields[content!], `${place}.${content}`, [role!, content!])];
  });
}

function turnOf(role: unknown, content: unknown, place: string, known: readonly string[]): Turn {
  if (typeof role !== 'string' || !Object.hasOwn(ROLES, role)) {
    if (known.length === 1)
      throw unknown(String(role), place, ['role', 'content', 'from', 'value', ...Object.keys(ROLES)]);
    throw new LayoutProblem(
      `"${place.slice(0, place.lastIndexOf('.'))}" is of ${shownValue(role)}; a sample has turns of ` +
        `${Object.keys(ROLES).join(', ')} alone`,
    );
  }
  if (!Array.isArray(content)) return { role: ROLES[role]!, text: textOf(content, place), media: [] };
  const parts = content.map((part: unknown, i) => partOf(part, `${place}.${i}`));
  const media = parts.filter((part) => typeof part !== 'string');
  return { role: ROLES[role]!, text: parts.filter((part) => typeof part === 'string').join('\n'), media };
}

const MEDIA_FIELDS = ['video', 'image', 'video_url', 'image_url', 'path', 'url'];
/** What parts of a content list hold, by their `type` and by the field that says it without one. */
const PART_TYPES: ReadonlyMap<unknown, 'text' | 'video' | 'image'> = new Map([
  ['text', 'text'],
  ['video', 'video'],
  ['image', 'image'],
  ['video_url', 'video'],
  ['image_url', 'image'],
]);
const PART_FIELDS = ['type', 'text', ...MEDIA_FIELDS, 'video_start', 'video_end'];

/**
 * A part of a content list: a text, or an object that names a video or an image as `video: ...` (Qwen's processors), as
 * `video_url: {url: ...}` (the chat API of OpenAI and vLLM), or by its type and `path` or `url` (transformers).
 */
function partOf(part: unknown, place: string): string | Row {
  if (typeof part !== 'object' || part === null) return textOf(part, place);
  const fields = filledOf(part);
  for (const field of Object.keys(fields)) if (!PART_FIELDS.includes(field)) throw unknown(field, place, PART_FIELDS);
  const { type, video_start, video_end } = fields;
  const ofType = PART_TYPES.get(type);
  if (type !== undefined && ofType === undefined)
    throw new LayoutProblem(
      `"${place}" is of ${shownValue(type)}; a sample has parts of ${[...PART_TYPES.keys()].join(', ')} alone`,
    );
  const found = ['text', ...MEDIA_FIELDS].filter((field) => field in fields);
  const missing = MEDIA_FIELDS.find((name) => name === type) ?? 'text';
  if (found[0] === undefined) return textOf(undefined, `${place}.${missing}`);
  const kind = PART_TYPES.get(found[0]) ?? (ofType === 'image' ? 'image' : 'video');
  const segment = ['video_start', 'video_end'].filter((field) => field in fields);
  const [field, second] = kind === 'video' ? found : [...found, ...segment];
  if (second !== undefined) throw new LayoutProblem(`"${place}" has both "${field}" and "${second}"; keep one`);
  if ((ofType ?? kind) !== kind)
    throw new LayoutProblem(`"${place}" is of "${type}" and has "${field}"; name one kind of content in both`);
  return kind === 'text'
    ? textOf(fields.text, `${place}.text`)
    : { [kind]: urlOf(fields[field!]), video_start, video_end };
}

function urlOf(value: unknown): unknown {
  return (value as { url?: unknown }).url ?? value;
}

function onlyTurn(turns: readonly Turn[], role: Turn['role'], where: string): Turn | undefined {
  const found = turns.filter((turn) => turn.role === role);
  if (found.length > 1)
    throw new LayoutProblem(
      `"${where}" has ${found.length} turns of the ${role}; a sample has one question and one answer: write a sample ` +
        'for each',
    );
  return found[0];
}

/** The one video of a row, with its segment where the content names one. */
function videoOf(row: Row, parts: readonly Row[], own: Row, where: string): Row {
  refuseListOfFrames(row, parts);
  const listed = [row.videos, row.video].flatMap(namesOf);
  const moving = [...listed, ...parts.flatMap(({ video }) => namesOf(video))];
  const still = [row.images, row.image].flatMap(namesOf).concat(parts.flatMap(({ image }) => namesOf(image)));
  const named = moving.length > 0 ? moving : still;
  if (moving.length > 0 && still.length > 0)
    throw new LayoutProblem('it names a video and an image; a sample has one video: leave the image out');
  if (named.length === 0) throw new LayoutProblem('it names no video; add "videos": ["clip.mp4"]');
  if (named.length > 1)
    throw new LayoutProblem(
      `it names ${named.length} ${moving.length > 0 ? 'videos' : 'images'}; a sample has one video: write a sample ` +
        'for each, or put the pictures of one video into a folder and name the folder',
    );
  const { video_start: start, video_end: end } = parts.find((part) => 'video' in part) ?? {};
  return {
    video: named[0],
    ...(start !== undefined && { start: given(own, 'start', start, where) }),
    ...(end !== undefined && { end: given(own, 'end', end, where) }),
  };
}

/** ms-swift and LLaMA-Factory take a list in place of one video's name, and so does Qwen's processor in a part. */
function refuseListOfFrames({ videos, video }: Row, parts: readonly Row[]): void {
  const inParts = parts.map((part) => part.video);
  const listed = [...(Array.isArray(videos) ? videos : []), video, ...inParts];
  const files = listed.find((one) => Array.isArray(one) && one.length > 1);
  if (files !== undefined)
    throw new LayoutProblem(
      `it names one video by a list of ${files.length} files, ${shownValue(files)}; put its frames into a folder, ` +
        'with names in their order, and name the folder as the video',
    );
}

function namesOf(value: unknown): unknown[] {
  if (value === undefined) return [];
  return (Array.isArray(value) ? value : [value]).flatMap((one) => (Array.isArray(one) ? one : [pathOf(one)]));
}

/** Tables have files as `{"path": ..., "bytes": null}`. */
function pathOf(value: unknown): unknown {
  const { path } = (typeof value === 'object' && value !== null ? value : {}) as { path?: unknown };
  return path ?? value;
}

function untagged(text: string): string {
  return text.replaceAll(TAG, '').trim();
}

function textOf(value: unknown, field: string): string {
  if (typeof value === 'string') return value;
  throw new LayoutProblem(
    value === undefined ? `"${field}" is missing or empty` : `"${field}" is ${shownValue(value)}, not a text`,
  );
}

function unknown(field: string, place: string, known: readonly string[]): LayoutProblem {
  const meant = closest(field, known);
  const suggestion = meant === undefined ? '' : `, did you mean "${meant}"?`;
  return new LayoutProblem(`unknown ${shownValue(field)}${suggestion} in "${place}" (allowed: ${known.join(', ')})`);
}

function filledOf(row: object): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => !isEmpty(value)));
}

/** Whether this is what tables put where a row has no value. */
function isEmpty(value: unknown): boolean {
  return value === null || value === '' || (typeof value === 'object' && Object.keys(value).length === 0);
}
