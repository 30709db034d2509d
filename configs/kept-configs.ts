import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE, writeDurably } from '../core/durable-file.ts';
import { readRegularFile } from '../core/regular-file.ts';
import { sha256 } from '../core/sha256.ts';
import { type ConfigText, MAX_CONFIG_BYTES } from './load-config.ts';

/** Names a config with its text. */
export function configHash({ name, text }: ConfigText): string {
  return sha256(JSON.stringify([name, text]));
}

const pathOf = (home: string, hash: string) => join(home, 'opened-configs', `${hash}.yaml`);

/**
 * Keeps the text that a command has read: what it has checked and shown is what runs, whatever becomes of the file
 * until a worker takes up the run.
 * @param home the installation's folder.
 * @returns the config's hash, by which workers find the text.
 */
export async function keepConfig(home: string, source: ConfigText): Promise<string> {
  const hash = configHash(source);
  await mkdir(join(home, 'opened-configs'), { recursive: true, mode: PRIVATE.folder });
  await writeDurably(pathOf(home, hash), source.text, 'replace', PRIVATE.file);
  return hash;
}

/** The kept text of a config, if there is one with this hash. */
export async function keptConfig(home: string, name: string, hash: string): Promise<ConfigText | undefined> {
  const bytes = await readRegularFile(pathOf(home, hash), MAX_CONFIG_BYTES).catch(() => undefined);
  const source = bytes && { name, text: bytes.toString('utf8') };
  return source && configHash(source) === hash ? source : undefined;
}
