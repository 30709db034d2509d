import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** A path that leads to no file, or to one that is too large; the message is the rest of a sentence about it. */
export class NotAFile extends Error {
  override readonly name = 'NotAFile';
}

/**
 * What keeps a file from being read, as the rest of a sentence about it; `undefined` where the machine is at fault, not
 * the path.
 */
export function fileFault(error: unknown): string | undefined {
  if (error instanceof NotAFile) return error.message;
  return FAULTS[(error as NodeJS.ErrnoException | null)?.code ?? ''];
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  ENAMETOOLONG: 'does not exist',
  ELOOP: 'is a link that leads to itself',
  EACCES: 'may not be read',
  EPERM: 'may not be read',
};

/** Without it, opening a pipe waits until a program writes to it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

const PIECE = 2 ** 16;

/**
 * The content of a file that is not trusted, in pieces. The kind is checked on the open file, so that none can be put
 * in its place between: a pipe or a device might never end. What is added while it is read is not read.
 * @param most bytes; a larger file is refused.
 * @param signal ends the reading, between two pieces, with its reason.
 * @throws NotAFile; what `open` throws, such as `ENOENT`; the signal's reason.
 */
export async function* piecesOf(path: string, most: number, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const file = await openAny(path);
  try {
    let left = sizeOf(await file.stat(), most);
    while (left > 0) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, PIECE)), 0);
      if (bytesRead === 0) return;
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** The whole content of a file that is not trusted. Throws as `piecesOf`. */
export async function readRegularFile(path: string, most: number): Promise<Buffer> {
  const file = await openAny(path);
  try {
    const bytes = Buffer.allocUnsafeSlow(sizeOf(await file.stat(), most));
    let at = 0;
    while (at < bytes.length) {
      const { bytesRead } = await file.read(bytes, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await file.close();
  }
}

/** As `readRegularFile`, where there is nothing to do but wait. */
export function readRegularFileSync(path: string, most: number): Buffer {
  const file = openAnySync(path);
  try {
    const bytes = Buffer.allocUnsafeSlow(sizeOf(fstatSync(file), most));
    let at = 0;
    while (at < bytes.length) {
      const read = readSync(file, bytes, at, bytes.length - at, null);
      if (read === 0) break;
      at += read;
    }
    return bytes.subarray(0, at);
  } finally {
    closeSync(file);
  }
}

async function openAny(path: string): Promise<FileHandle> {
  try {
    return await open(path, READ);
  } catch (error) {
    throw openFault(error as NodeJS.ErrnoException);
  }
}

function openAnySync(path: string): number {
  try {
    return openSync(path, READ);
  } catch (error) {
    throw openFault(error as NodeJS.ErrnoException);
  }
}

/** A socket, and a device without a driver, cannot even be opened. */
function openFault(error: NodeJS.ErrnoException): Error {
  return error.code === 'ENXIO' ? new NotAFile('is a socket or a device, not a file') : error;
}

function sizeOf(found: Stats, most: number): number {
  if (!found.isFile()) throw new NotAFile(`is ${kindOf(found)}, not a file`);
  if (found.size > most) throw new NotAFile(`has ${found.size} bytes, more than ${most}`);
  return found.size;
}

function kindOf(found: Stats): string {
  if (found.isDirectory()) return 'a folder';
  return found.isFIFO() ? 'a pipe' : found.isSocket() ? 'a socket' : 'a device';
}
