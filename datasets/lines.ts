import { createReadStream } from 'node:fs';
import { VideocapError } from '../core/errors.ts';

const LINE_FEED = 0x0a;

/** A line of a file; `undefined` when it was longer than the limit, and was thrown away as it was read. */
export type Line = Buffer | undefined;

/**
 * The lines of a file of any size, without line feeds and byte order mark, read in pieces: never more than `maxBytes`
 * of a line are in memory. Splits bytes, so that one line in another encoding spoils no other.
 * @throws VideocapError `InvalidDataset` when the file cannot be read as text.
 */
export async function* linesOf(path: string, maxBytes: number): AsyncGenerator<Line> {
  const line = new BoundedPieces(maxBytes);
  for await (const chunk of chunksOf(path)) {
    let from = 0;
    for (let to = chunk.indexOf(LINE_FEED); to >= 0; to = chunk.indexOf(LINE_FEED, from)) {
      line.keep(chunk.subarray(from, to));
      from = to + 1;
      yield line.take();
    }
    line.keep(chunk.subarray(from));
  }
  if (line.bytes > 0) yield line.take();
}

/** Bytes that come in pieces, of which no more than a limit stay in memory. */
export class BoundedPieces {
  readonly #most: number;
  #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Of all pieces since the last `take`, whether they were kept or not. */
  get bytes(): number {
    return this.#bytes;
  }

  keep(piece: Buffer): void {
    this.#bytes += piece.length;
    if (this.#bytes > this.#most) this.#pieces = [];
    else if (piece.length > 0) this.#pieces.push(piece);
  }

  /** The pieces as one, and begins anew; `undefined` where they were longer than the limit. */
  take(): Buffer | undefined {
    const whole = this.#bytes > this.#most ? undefined : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    return whole;
  }
}

/**
 * The pieces of a file, without its mark of UTF-8.
 * @throws VideocapError `InvalidDataset` when the file cannot be read, or is in UTF-16.
 */
export async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of bytesOf(path)) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    // A stream may give its first bytes one by one.
    if (start.length < 3) continue;
    yield withoutMark(start, path);
    start = undefined;
  }
  if (start !== undefined) yield withoutMark(start, path);
}

async function* bytesOf(path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Buffer;
  } catch (error) {
    throw readError(error as NodeJS.ErrnoException, path);
  }
}

function withoutMark(start: Buffer, path: string): Buffer {
  const mark = start.subarray(0, 3).toString('hex');
  if (mark.startsWith('fffe') || mark.startsWith('feff'))
    throw new VideocapError('InvalidDataset', `Dataset file ${path} is in UTF-16; save it as UTF-8.`);
  return mark === 'efbbbf' ? start.subarray(3) : start;
}

function readError(error: NodeJS.ErrnoException, path: string): unknown {
  const sentence = (fault: string) =>
    new VideocapError('InvalidDataset', `Dataset file ${path} ${fault}.`, { cause: error });
  if (error.code === 'ENOENT') return sentence('does not exist; check the path in dataset');
  if (error.code === 'EISDIR') return sentence('is a folder; name the file in it');
  if (error.code === 'EACCES') return sentence('may not be read; give the worker the right to');
  return error;
}
