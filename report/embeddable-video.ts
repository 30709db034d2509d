import { extname } from 'node:path';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { unlessDamaged } from '../core/errors.ts';
import { readRegularFile } from '../core/regular-file.ts';
import type { Sample } from '../core/sample.ts';

/** What browsers play, by the file's ending. */
const TYPES: Record<string, string> = {
  '.mp4': 'video/mp4',
  '.m4v': 'video/mp4',
  '.mov': 'video/mp4',
  '.webm': 'video/webm',
};

/** A report with six of these must still fit a mail attachment. */
const LARGEST_BYTES = 1_500_000;

/** A video as a `data:` address, or `undefined` where it is gone, too large, or nothing a browser plays. */
export async function embeddableVideo(store: ArtifactStore, video: Sample['video']): Promise<string | undefined> {
  const type = TYPES[extname('artifact' in video ? video.artifact.uri : video.path).toLowerCase()];
  if (!type) return undefined;
  const bytes = await ('artifact' in video ? storedVideo(store, video.artifact) : ownVideo(video.path));
  return bytes && `data:${type};base64,${bytes.toString('base64')}`;
}

async function storedVideo(store: ArtifactStore, ref: ArtifactRef): Promise<Buffer | undefined> {
  return ref.bytes > LARGEST_BYTES ? undefined : unlessDamaged(store.read(ref));
}

function ownVideo(path: string): Promise<Buffer | undefined> {
  return readRegularFile(path, LARGEST_BYTES).catch(() => undefined);
}
