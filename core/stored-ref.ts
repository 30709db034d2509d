import { readdir, stat } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { ArtifactRef } from './artifact-ref.ts';
import { ignoreMissing } from './durable-file.ts';
import { sha256OfFile } from './sha256.ts';

const HEX_IN_NAME = 12;

/** `a/b.json` -> `a/b.0123456789ab.json`. */
export function contentName(key: string, hash: string): string {
  const { dir, name, ext } = posix.parse(key);
  return posix.join(dir, `${name}.${hash.slice(0, HEX_IN_NAME)}${ext}`);
}

/** What a `.ref` file says, if it is whole and names a file that this key may have. */
export function parseRef(key: string, text: string): ArtifactRef | undefined {
  try {
    const ref = ArtifactRef.parse(JSON.parse(text));
    return ref.uri === `store:${contentName(key, ref.sha256)}` ? ref : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The reference that a damaged one must have been: of the one file for this key whose content hashes to its own name.
 * Without `named` any file for this key is looked at, and several whole ones (attempts that lost a race leave theirs)
 * are too many to know.
 * @param folder where the key's files lie.
 * @param named the file that the reference names, where that is known.
 */
export async function recoverRef(key: string, folder: string, named?: ArtifactRef): Promise<ArtifactRef | undefined> {
  const files = ((await readdir(folder).catch(ignoreMissing)) ?? []).filter((file) =>
    named ? posix.basename(named.uri) === file : isContentOf(key, file),
  );
  const whole: ArtifactRef[] = [];
  for (const file of files) {
    const path = join(folder, file);
    const sha256 = await sha256OfFile(path);
    const { dir } = posix.parse(key);
    const name = posix.basename(contentName(key, sha256));
    if (name === file) whole.push({ uri: `store:${posix.join(dir, name)}`, sha256, bytes: (await stat(path)).size });
  }
  return whole.length === 1 ? whole[0] : undefined;
}

function isContentOf(key: string, file: string): boolean {
  const { name, ext } = posix.parse(key);
  if (!file.startsWith(`${name}.`) || !file.endsWith(ext)) return false;
  return /^[0-9a-f]{12}$/.test(file.slice(name.length + 1, file.length - ext.length));
}

/** The references anywhere in a JSON value. */
export function refsIn(value: unknown): ArtifactRef[] {
  if (typeof value !== 'object' || value === null) return [];
  if ('uri' in value) {
    const { success, data } = ArtifactRef.safeParse(value);
    if (success) return [data];
  }
  return Object.values(value).flatMap(refsIn);
}
