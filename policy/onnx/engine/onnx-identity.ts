import { readdir, readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Identity } from '../../../core/identity.ts';
import { machineIdentity } from '../../../core/machine.ts';
import { sha256 } from '../../../core/sha256.ts';
import type { ModelFolder } from '../model/model-folder.ts';
import type { OnnxConfig } from '../onnx-config.ts';

/** Digits of a hash that tell two sets of graphs apart. */
const HEX_DIGITS = 12;

/**
 * What the embedded engine computes a model with. `onnxruntime` chooses its kernels by the processor's instruction
 * sets and divides sums among its threads, so each of them may change the last bits. The rest is Node's: the sampler
 * computes in JavaScript.
 */
export async function onnxIdentity({ graphFolder }: ModelFolder, { kind, threads }: OnnxConfig): Promise<Identity> {
  return {
    engine: kind,
    onnxruntime: await runtimeVersion(),
    graphs: await graphsHash(graphFolder),
    threads: String(threads),
    node: process.version,
    ...(await machineIdentity()),
  };
}

let version: Promise<string> | undefined;

/** Of the package, whose native library this process loads or has loaded. */
function runtimeVersion(): Promise<string> {
  version ??= readVersion();
  return version;
}

async function readVersion(): Promise<string> {
  for (let folder = dirname(createRequire(import.meta.url).resolve('onnxruntime-node')); ; folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => undefined);
    const found = text === undefined ? {} : (JSON.parse(text) as { name?: string; version?: string });
    if (found.name === 'onnxruntime-node') return `${found.version}`;
    if (folder === dirname(folder)) return 'unknown';
  }
}

/** What was hashed, by file: a graph is large, and stays the same for as long as its size and its time do. */
const hashes = new Map<string, { size: number; changed: number; hash: string }>();

/** Of all graphs and their description. */
async function graphsHash(folder: string): Promise<string> {
  const names = (await readdir(folder)).filter((name) => /\.onnx$|^graphs\.json$/.test(name)).sort();
  const each = await Promise.all(names.map(async (name) => [name, await fileHash(join(folder, name))]));
  return sha256(JSON.stringify(each)).slice(0, HEX_DIGITS);
}

async function fileHash(path: string): Promise<string> {
  const { size, mtimeMs: changed } = await stat(path);
  const known = hashes.get(path);
  if (known?.size === size && known.changed === changed) return known.hash;
  const hash = sha256(await readFile(path));
  hashes.set(path, { size, changed, hash });
  return hash;
}
