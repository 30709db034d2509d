import { type FileHandle, open } from 'node:fs/promises';

const PAGE = 4096;

/** A file read here and there: what lies near the last place read costs nothing more. */
export class FilePages {
  readonly #file: FileHandle;
  readonly size: number;
  #start = 0;
  #page: Buffer = Buffer.alloc(0);

  private constructor(file: FileHandle, size: number) {
    this.#file = file;
    this.size = size;
  }

  static async use<T>(path: string, work: (pages: FilePages) => Promise<T>): Promise<T> {
    const file = await open(path);
    try {
      return await work(new FilePages(file, (await file.stat()).size));
    } finally {
      await file.close();
    }
  }

  /** The bytes `[start, start + length)`, fewer where the file ends. */
  async read(start: number, length: number): Promise<Buffer> {
    if (start < this.#start || start + length > this.#start + this.#page.length) {
      const page = Buffer.alloc(Math.max(0, Math.min(Math.max(length, PAGE), this.size - start)));
      const { bytesRead } = page.length > 0 ? await this.#file.read(page, 0, page.length, start) : { bytesRead: 0 };
      this.#start = start;
      this.#page = page.subarray(0, bytesRead);
    }
    return this.#page.subarray(start - this.#start, start - this.#start + length);
  }
}
