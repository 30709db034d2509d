import { realpath } from 'node:fs/promises';
import { sep } from 'node:path';
import { shownPath } from '../video/probe.ts';

/**
 * Data from elsewhere may hold links to whatever this machine has: what lies in a folder by its name must lie there in truth.
 * Says of a file that does not, where it leads to. The folder itself may be a link. Both paths are absolute.
 */
export async function linkOut(path: string, folder: string): Promise<string | undefined> {
  const [target, inside] = await Promise.all([realpath(path), realpath(folder)]);
  if (target.startsWith(inside.endsWith(sep) ? inside : inside + sep)) return undefined;
  return `Video ${shownPath(path)} is a link that leads out of ${shownPath(folder)}, to ${shownPath(target)}`;
}
