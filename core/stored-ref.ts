import { posix } from 'node:path';
import { ArtifactRef } from './artifact-ref.ts';
import { listAll, type Storage } from './storage.ts';

const HEX_IN_NAME = 12;
const SCHEME = 'store:';

/** Under which name a key's content lies: `a/b.json` -> `a/b.0123456789ab.json`. */
function contentName(key: string, hash: string): string {
  const { dir, name, ext } = posix.parse(key);
  return posix.join(dir, `${name}.${hash.slice(0, HEX_IN_NAME)}${ext}`);
}

/** The key whose content lies under a name, or `undefined` for a name that no content has. */
export function keyOfContent(name: string): string | undefined {
  const { dir, base } = posix.parse(name);
  const [, before, after] = /^(.+)\.[0-9a-f]{12}(\.[^.]*)?$/.exec(base) ?? [];
  return before === undefined ? undefined : posix.join(dir, `${before}${after ?? ''}`);
}

export function refTo(key: string, sha256: string, bytes: number): ArtifactRef {
  return { uri: `${SCHEME}${contentName(key, sha256)}`, sha256, bytes };
}

/** The name of the content that a reference is to. */
export function nameIn({ uri }: Pick<ArtifactRef, 'uri'>): string {
  return uri.slice(SCHEME.length);
}

/** What the text under a key says, if it is whole and names a content that this key may have. */
export function parseRef(key: string, text: string): ArtifactRef | undefined {
  try {
    const ref = ArtifactRef.parse(JSON.parse(text));
    return nameIn(ref) === contentName(key, ref.sha256) ? ref : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The reference that a damaged one must have been: to the one content of this key whose hash is in its name.
 * Without `named` every content of this key is looked at, and several intact ones (attempts that lost a race leave
 * theirs) are ambiguous and yield `undefined`.
 * @param named the content that the reference names, where that is known.
 */
export async function recoverRef(storage: Storage, key: string, named?: ArtifactRef): Promise<ArtifactRef | undefined> {
  const names = named ? [nameIn(named)] : await contentsOf(storage, key);
  const intact: ArtifactRef[] = [];
  for (const name of names) {
    const found = await storage.digest(name);
    if (found && contentName(key, found.sha256) === name) intact.push(refTo(key, found.sha256, found.bytes));
  }
  return intact.length === 1 ? intact[0] : undefined;
}

async function contentsOf(storage: Storage, key: string): Promise<string[]> {
  const { dir, name } = posix.parse(key);
  const names: string[] = [];
  for await (const object of listAll(storage, `${posix.join(dir, name)}.`))
    if (object.kind === 'content' && keyOfContent(object.key) === key) names.push(object.key);
  return names;
}

/** Whether a JSON may have references: a rollout has none, and looking through all of its numbers takes long. */
export function mayHaveRefs(json: Buffer): boolean {
  return json.includes(`"${SCHEME}`);
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
