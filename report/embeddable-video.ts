import { readFile, stat } from 'node:fs/promises';
import { extname } from 'node:path';
import type { ArtifactStore } from '../core/artifact-store.ts';
import type { Sample } from '../core/sample.ts';

/** What browsers play, by the file's ending. */
const TYPES: Record<string, string> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/mp4',
  '.webm': 'video/webm',
};

/** A report is something to send to somebody: six of these, and it is still a mail attachment. */
const LARGEST_BYTES = 1_500_000;

/** A video as a `data:` address, or `undefined` where it is gone, too large, or nothing a browser plays. */
export async function embeddableVideo(store: ArtifactStore, video: Sample['video']): Promise<string | undefined> {
  const path = 'artifact' in video ? store.path(video.artifact) : video.path;
  const type = TYPES[extname(path).toLowerCase()];
  const size = (await stat(path).catch(() => undefined))?.size ?? Number.POSITIVE_INFINITY;
  if (!type || size > LARGEST_BYTES) return undefined;
  const bytes = await readFile(path).catch(() => undefined);
  return bytes && `data:${type};base64,${bytes.toString('base64')}`;
}
