import { VideocapError } from '../core/errors.ts';
import { fileFault, NotAFile, piecesOf } from '../core/regular-file.ts';

/** Bytes of a whole dataset file: its samples are in memory together. */
const MAX_FILE = 2 ** 32;

const LINE_FEED = 0x0a;

/** A line of a file; `undefined` when it was longer than the limit, and was thrown away as it was read. */
export type Line = Buffer | undefined;

/**
 * The lines of a file of any size, without line feeds and byte order mark, read in pieces: never more than `maxBytes`
 * of a line are in memory. Splits bytes, so that one line in another encoding spoils no other.
 * @throws VideocapError `InvalidDataset` when the file cannot be read as text; the signal's reason.
 */
export async function* linesOf(path: string, maxBytes: number, signal?: AbortSignal): AsyncGenerator<Line> {
  const line = new BoundedPieces(maxBytes);
  for await (const chunk of chunksOf(path, signal)) {
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
 * The pieces of a file, without its mark of UTF-8. Only of a file: a pipe or a device might never end.
 * @throws VideocapError `InvalidDataset` when it is none, cannot be read, or is in UTF-16; the signal's reason.
 */
export async function* chunksOf(path: string, signal?: AbortSignal): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of bytesOf(path, signal)) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    // A file may give its first bytes one by one.
    if (start.length < 3) continue;
    yield withoutMark(start, path);
    start = undefined;
  }
  if (start !== undefined) yield withoutMark(start, path);
}

async function* bytesOf(path: string, signal: AbortSignal | undefined): AsyncGenerator<Buffer> {
  try {
    yield* piecesOf(path, MAX_FILE, signal);
  } catch (error) {
    const fault = fileFault(error);
    if (fault === undefined) throw error;
    throw new VideocapError('InvalidDataset', `Dataset file ${path} ${fault}; ${remedyOf(error)}.`, { cause: error });
  }
}

function remedyOf(error: unknown): string {
  if (error instanceof NotAFile) return `name a file of samples in dataset, of at most ${MAX_FILE} bytes`;
  return (error as NodeJS.ErrnoException).code === 'EACCES'
    ? 'give the worker the right to'
    : 'check the path in dataset';
}

function withoutMark(start: Buffer, path: string): Buffer {
  const mark = start.subarray(0, 3).toString('hex');
  if (mark.startsWith('fffe') || mark.startsWith('feff'))
    throw new VideocapError('InvalidDataset', `Dataset file ${path} is in UTF-16; save it as UTF-8.`);
  return mark === 'efbbbf' ? start.subarray(3) : start;
}
