import { randomUUID } from 'node:crypto';
import { link, open, rename, unlink } from 'node:fs/promises';

/**
 * The suffix of a file's name until the file is whole, and of a folder for such files. What is left over with it was
 * written by a process that died.
 */
export const UNFINISHED = /\.[0-9a-f-]{36}\.tmp(\/|$)/;

/**
 * Writes to a temporary file, flushes it, then moves it into place: at the path is the old file, the new one, or none,
 * and never a part of one. `first wins`: returns false when the path exists.
 * @param permissions of a new file; default what the user's umask allows.
 */
export async function writeDurably(
  path: string,
  content: Uint8Array | string | (() => AsyncIterable<Uint8Array>),
  mode: 'replace' | 'first wins',
  permissions = 0o666,
): Promise<boolean> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  let moved = false;
  try {
    const file = await open(temporary, 'wx', permissions);
    try {
      if (typeof content !== 'function') await file.writeFile(content);
      else for await (const piece of content()) await file.writeFile(piece);
      await file.sync();
    } finally {
      await file.close();
    }
    if (mode === 'replace') {
      await rename(temporary, path);
      moved = true;
    } else await link(temporary, path);
    return true;
  } catch (error) {
    if (mode === 'first wins' && (error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    if (!moved) await unlink(temporary).catch(ignoreMissing);
  }
}

/** Gives a flushed file a second name, in place of what lies there; its bytes are not copied. */
export async function linkDurably(source: string, path: string, permissions: number): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  const file = await open(source, 'r+');
  try {
    await file.chmod(permissions);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(source, temporary);
    await rename(temporary, path);
  } finally {
    await unlink(temporary).catch(ignoreMissing); // `rename` leaves it where both are names of one file already
  }
}

/** Modes of an installation's own files and folders: other users of the machine cannot read them. */
export const PRIVATE = { file: 0o600, folder: 0o700 } as const;

export function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
