import type { Dirent } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VideocapError } from '../core/errors.ts';
import { pictureFormat } from './picture-format.ts';
import { inOrder } from './picture-order.ts';
import type { Excerpt } from './segment.ts';
import { shownPath } from './video-errors.ts';

const PICTURE = /\.(png|jpe?g|webp)$/i;
const MOST_PICTURES = 100_000;
/** Enough of a file to see which picture it is, and whether it moves. */
const HEAD_BYTES = 4096;
/** Of pictures whose rate is not known: Qwen2-VL's (qwen-vl-utils, `sample_fps`). */
const DEFAULT_RATE = 2;

/**
 * The pictures of a video that is no video file: those of a folder in order (`inOrder`), or the one that the path
 * names. `undefined` for anything else. Pictures are told by name (png, jpg, jpeg, webp); hidden and other files are
 * ignored.
 * @throws VideocapError `InvalidVideo` when a folder has no pictures, or more than 100,000.
 */
export async function picturesOf(path: string): Promise<string[] | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return (await isPicture(path)) ? [path] : undefined;
  if (!found?.isDirectory()) return undefined;
  const names = [];
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const { name } = entry;
    if (PICTURE.test(name) && !name.startsWith('.') && (entry.isFile() || (await isLinkToFile(entry, path))))
      names.push(name);
  }
  if (names.length === 0)
    throw new VideocapError(
      'InvalidVideo',
      `Folder ${shownPath(path)} has no pictures; name a folder with png, jpg or webp files, or a video file.`,
    );
  if (names.length > MOST_PICTURES)
    throw new VideocapError(
      'InvalidVideo',
      `Folder ${shownPath(path)} has ${names.length} pictures, more than ${MOST_PICTURES}; name one folder a video.`,
    );
  return inOrder(names).map((name) => join(path, name));
}

async function isLinkToFile(entry: Dirent, folder: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return false;
  return (await stat(join(folder, entry.name)).catch(() => undefined))?.isFile() ?? false;
}

/** By name and content: a raw stream of JPEGs begins as one JPEG does, and is a video. */
async function isPicture(path: string): Promise<boolean> {
  if (!PICTURE.test(path)) return false;
  const file = await open(path).catch(() => undefined);
  if (!file) return false;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(HEAD_BYTES), 0, HEAD_BYTES, 0);
    return pictureFormat(buffer.subarray(0, bytesRead)) !== undefined;
  } finally {
    await file.close();
  }
}

/** When each of a folder's pictures begins, in seconds from the first, and how long all of them last. */
export function pictureTimes(
  path: string,
  pictures: number,
  { fps = DEFAULT_RATE, times }: Excerpt,
): { begins: number[]; durationSeconds: number } {
  if (times === undefined) {
    const durationSeconds = pictures > 1 ? pictures / fps : 0;
    return { begins: Array.from({ length: pictures }, (_, i) => i / fps), durationSeconds };
  }
  if (times.length !== pictures)
    throw new VideocapError(
      'InvalidVideo',
      `"times" has ${times.length} entries, but folder ${shownPath(path)} has ${pictures} pictures; give each a time.`,
    );
  const begins = times.map((time) => time - times[0]!);
  const span = begins.at(-1)!;
  return { begins, durationSeconds: pictures > 1 ? (span * pictures) / (pictures - 1) : 0 };
}
