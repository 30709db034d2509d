import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from '../../../core/identity.ts';
import { machineIdentity } from '../../../core/machine.ts';
import { packageVersion } from '../../../core/package-version.ts';
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
    onnxruntime: await packageVersion('onnxruntime-node'),
    graphs: await graphsHash(graphFolder),
    threads: String(threads),
    node: process.version,
    ...(await machineIdentity()),
  };
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
