import { open, stat } from 'node:fs/promises';
import { ignoreMissing } from '../../core/durable-file.ts';

const LINE_BREAK = 10;

/** A log that others write on: its lines, each once it is whole. */
export class LogTail {
  readonly #path: string;
  /** Bytes that were read. */
  #at: number;

  /** @param at bytes at its beginning that are left out. */
  constructor(path: string, at: number) {
    this.#path = path;
    this.#at = at;
  }

  /** The lines since the last call. A file that is shorter than before was begun anew. */
  async more(): Promise<string[]> {
    const size = (await stat(this.#path).catch(ignoreMissing))?.size ?? 0;
    if (size < this.#at) this.#at = 0;
    if (size === this.#at) return [];
    const part = await readPart(this.#path, this.#at, size);
    // Bytes, not characters: a text may hold what is no UTF-8.
    const whole = part.lastIndexOf(LINE_BREAK) + 1;
    this.#at += whole;
    return part
      .subarray(0, whole)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '');
  }
}

async function readPart(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(to - from), 0, to - from, from);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
