import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve, sep } from 'node:path';

const FILE_URL = /^file:(?:\/\/(?:localhost(?=\/))?)?/i;
const ADDRESS = /^[a-z][a-z0-9+.-]+:/i;

/**
 * The path that a dataset file in `folder` means by a video's name: relative to that folder, absolute, or a `file://`
 * URL. Of a URL the percent-encoding is resolved; `file://clips/a.mp4`, which other trainers read by cutting off
 * `file://`, is relative. A file that really has such a name comes first.
 */
export async function videoPath(name: string, folder: string): Promise<string> {
  const candidates = pathsOf(name).map((path) => resolve(folder, path));
  for (const path of [resolve(folder, name), ...candidates]) if (await stat(path).catch(() => undefined)) return path;
  return candidates[0]!;
}

/** Whether a name is an address of something that is no local file, such as `https:` or `data:`. */
export function isAddress(name: string): boolean {
  return ADDRESS.test(name) && !FILE_URL.test(name);
}

/** A video's name for a dataset file in another folder. */
export function nameFrom(name: string, before: string, after: string): string {
  const [path] = pathsOf(name);
  if (before === after || isAbsolute(path!) || isAddress(name)) return name;
  return relative(after, resolve(before, path!)).split(sep).join('/');
}

function pathsOf(name: string): string[] {
  if (!FILE_URL.test(name)) return [name];
  const path = name.replace(FILE_URL, '');
  return [...new Set([decoded(path), path])];
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path; // A per cent sign that encodes nothing.
  }
}
