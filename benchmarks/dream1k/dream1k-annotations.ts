import { posix } from 'node:path';
import { z } from 'zod';
import { PromptText } from '../../core/prompt.ts';
import { badAnnotation, checkAnnotation, readAnnotation, readAnnotationFile } from '../annotation-file.ts';

/**
 * A clip of DREAM-1K: the human description that a caption is compared with, its events, and what the buckets go by.
 */
export const Dream1kItem = z.strictObject({
  /** The authors' `idx`. */
  id: z.string(),
  clip: z.string(),
  video: z.string(),
  /** `movie_animation`, `movie_live_action`, `vertical_video`, `videvo`, `youtube`. */
  category: z.string(),
  reference: z.string(),
  /** What the row asks the policy; absent where it asks nothing. */
  instruction: PromptText.optional(),
  /**
   * Absent: the judge finds them in the reference. All of the published rows have them; four have none, which is an
   * empty list.
   */
  events: z.array(z.string()).optional(),
  /** Absent where the file does not say. */
  subjects: z.number().optional(),
  shots: z.number().optional(),
});
export type Dream1kItem = z.infer<typeof Dream1kItem>;

const Content = z.object({
  type: z.string(),
  text: z.string().nullish(),
  reference: z.string().nullish(),
  video: z.object({ video_file: z.union([z.string(), z.array(z.string())]) }).nullish(),
});

/**
 * A row as the authors wrote it, and as their inference script writes it again, with the caption in the assistant's
 * `text`.
 */
export const Dream1kRow = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.array(Content) })),
  dataset: z.string().min(1),
  idx: z.union([z.int(), z.string().min(1)]),
  extra_info: z
    .object({
      events: z.array(z.string()).nullish(),
      n_subjects: z.number().nullish(),
      n_shots: z.number().nullish(),
    })
    .nullish(),
});
type Dream1kRow = z.infer<typeof Dream1kRow>;

/** What the published file has in place of a path, which each user is to write there. */
const PLACEHOLDER = '<placeholder>';

/**
 * Reads `DREAM-1k.jsonl` of `bytedance/tarsier` (`data/annotations`). A row that comes twice counts once, as in the
 * authors' code. The published rows name no video files: a clip's file is then `<idx>.mp4`, as in the videos of
 * `omni-research/DREAM-1K`.
 * @throws VideocapError `InvalidDataset` that names file, line and field.
 */
export async function readDream1k(path: string): Promise<Dream1kItem[]> {
  const lines = (await readAnnotationFile(path, 'DREAM-1K file')).split('\n');
  const items = new Map<string, Dream1kItem>();
  for (const [i, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const place = `DREAM-1K file ${path} line ${i + 1}`;
    const item = itemOf(readAnnotation(line, Dream1kRow, place), place);
    const earlier = items.get(item.id);
    if (earlier && earlier.category !== item.category)
      throw badAnnotation(
        `${place}, field idx: ${item.id} is that of a row of ${earlier.category} already; give every row its own.`,
      );
    if (!earlier) items.set(item.id, item);
  }
  if (items.size === 0) throw badAnnotation(`DREAM-1K file ${path} has no rows; take the file as its authors ship it.`);
  return [...items.values()];
}

/** The assistant's texts that have a reference beside them: what the authors' code takes for the prediction. */
export function predictedCaption(row: Dream1kRow): string {
  return assistantTexts(row)
    .map(({ text }) => text ?? '')
    .join('');
}

function itemOf(row: Dream1kRow, place: string): Dream1kItem {
  const reference = assistantTexts(row)
    .map((content) => content.reference)
    .join('');
  if (reference === '')
    throw badAnnotation(`${place}, field messages: no assistant's text has a reference; take the authors' file.`);
  const id = `${row.idx}`;
  const asked = userTexts(row).join('');
  const instruction =
    asked.trim() === '' ? undefined : checkAnnotation(asked, PromptText, `${place}, field messages: the user's text`);
  const { events, n_subjects: subjects, n_shots: shots } = row.extra_info ?? {};
  return {
    id,
    clip: id,
    video: videoOf(row) ?? `${id}.mp4`,
    category: posix.basename(row.dataset),
    reference,
    ...(instruction !== undefined && { instruction }),
    ...(events && { events }),
    ...(typeof subjects === 'number' && { subjects }),
    ...(typeof shots === 'number' && { shots }),
  };
}

function assistantTexts(row: Dream1kRow) {
  return row.messages
    .filter(({ role }) => role === 'assistant')
    .flatMap(({ content }) => content.filter(({ type, reference }) => type === 'text' && reference));
}

/** What the authors' code puts to the policy: the texts of the user's turn. */
function userTexts(row: Dream1kRow): string[] {
  return row.messages
    .filter(({ role }) => role === 'user')
    .flatMap(({ content }) => content.flatMap(({ type, text }) => (type === 'text' && text ? [text] : [])));
}

function videoOf(row: Dream1kRow): string | undefined {
  const videos = row.messages.flatMap(({ content }) => content.flatMap(({ video }) => video?.video_file ?? []));
  return videos.find((file) => file !== PLACEHOLDER && file !== '');
}
