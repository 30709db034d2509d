import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { VideocapError } from './errors.ts';
import { nextTurn } from './turns.ts';

const PART = 8 * 1024 * 1024;

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The same, with time for other work between the parts of many bytes. */
export async function sha256InParts(bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256');
  for (let from = 0; from < bytes.byteLength; from += PART) {
    hash.update(bytes.subarray(from, from + PART));
    await nextTurn();
  }
  return hash.digest('hex');
}

/** The hash of a file, read in pieces: videos and checkpoints can be large. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * The bytes of a file in pieces, as `sha256` names them.
 * @throws VideocapError `Unavailable`, after the last piece, where they have another hash.
 */
export async function* checkedPieces(path: string, sha256: string): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path)) {
    hash.update(piece as Buffer);
    yield piece as Buffer;
  }
  if (hash.digest('hex') !== sha256) throw new VideocapError('Unavailable', `${path} changed while it was read.`);
}
