import { cp, mkdtemp, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** Lines of a file, and what the other revision has in their place. */
export type Change = [before: string, after: string];

const LEFT_OUT = new Set(['test', 'docs', 'node_modules']);

/**
 * A checkout of its own that differs from this one in one file.
 * @throws Error where the file does not have the lines exactly once.
 */
export async function otherRevision(path: string, changes: readonly Change[]): Promise<string> {
  const checkout = await realpath(await mkdtemp(join(tmpdir(), 'videocap-revision-')));
  for (const entry of await readdir('.', { withFileTypes: true }))
    if (!entry.name.startsWith('.') && !LEFT_OUT.has(entry.name))
      await cp(entry.name, join(checkout, entry.name), { recursive: true });
  // What is installed is the same.
  for (const name of ['node_modules', '.venv']) await symlink(resolve(name), join(checkout, name));
  let text = await readFile(join(checkout, path), 'utf8');
  for (const [before, after] of changes) {
    const parts = text.split(before);
    if (parts.length !== 2) throw new Error(`${path} must have these lines once, has ${parts.length - 1}:\n${before}`);
    text = parts.join(after);
  }
  await writeFile(join(checkout, path), text);
  return checkout;
}
