import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** By package: looked for once a process. */
const versions = new Map<string, Promise<string>>();

/** The version of an npm package, which this process has loaded or would load. */
export function packageVersion(name: string): Promise<string> {
  const version = versions.get(name) ?? readVersion(name);
  versions.set(name, version);
  return version;
}

async function readVersion(name: string): Promise<string> {
  for (let folder = dirname(createRequire(import.meta.url).resolve(name)); ; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    const found = text === undefined ? {} : (JSON.parse(text) as { name?: string; version?: string });
    if (found.name === name) return `${found.version}`;
    if (folder === dirname(folder)) return 'unknown';
  }
}
