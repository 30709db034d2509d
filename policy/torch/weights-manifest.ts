import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Progress } from '../../core/compute-options.ts';
import { VideocapError } from '../../core/errors.ts';
import { fileFault, piecesOf } from '../../core/regular-file.ts';
import { sha256 } from '../../core/sha256.ts';
import type { CallOptions } from '../../core/thread-calls.ts';

/** A name of a file in the model's own folder, and of no other. */
export const FileName = z.string().regex(/^\w[\w.-]*\.safetensors$/);

/**
 * What stands for weights that are too large for the store: the files of the model's folder that they lie in. The ranks
 * open those (`workers/torch/videocap_torch/engine/weights_files.py`).
 */
const WeightsManifest = z.strictObject({
  files: z.array(z.strictObject({ name: FileName, bytes: z.int(), sha256: z.string() })).min(1),
});
export type WeightsManifest = z.infer<typeof WeightsManifest>;

/** How a manifest begins. A safetensors file begins with the length of its header, which is never that large. */
const BEGINNING = '{"files":';
const MAX_BYTES = 2 ** 24;

/** The manifest in a file; `undefined` where the file holds weights. */
export async function readManifest(path: string): Promise<WeightsManifest | undefined> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(BEGINNING.length), 0);
    if (buffer.subarray(0, bytesRead).toString('latin1') !== BEGINNING) return undefined;
    if ((await file.stat()).size > MAX_BYTES) throw new VideocapError('CorruptArtifact', `${path} is no manifest.`);
    return WeightsManifest.parse(JSON.parse(BEGINNING + (await file.readFile('utf8'))));
  } finally {
    await file.close();
  }
}

/** Equal files give equal bytes. */
export function manifestText({ files }: WeightsManifest): string {
  const sorted = [...files].sort((a, b) => (a.name < b.name ? -1 : 1));
  const listed = sorted.map(({ name, bytes, sha256: hash }) => ({ name, bytes, sha256: hash }));
  return `${JSON.stringify({ files: listed })}\n`;
}

export function manifestHash(manifest: WeightsManifest): string {
  return sha256(manifestText(manifest));
}

/** The manifest of these files of a folder. Throws as `HashedFiles.hash`. */
export async function manifestOf(
  folder: string,
  names: readonly string[],
  hashes: HashedFiles,
  options?: CallOptions,
): Promise<WeightsManifest> {
  const files: WeightsManifest['files'] = [];
  for (const name of names) files.push({ name, ...(await hashes.hash(join(folder, name), options)) });
  return { files };
}

/**
 * Compares a folder's files with the manifest of a run.
 * @throws VideocapError `CorruptArtifact` naming the file that is another one by now.
 */
export async function requireUnchanged(
  folder: string,
  { files }: WeightsManifest,
  hashes: HashedFiles,
  options?: CallOptions,
): Promise<void> {
  for (const { name, bytes, sha256: expected } of files) {
    const path = join(folder, name);
    const found = await hashes.hash(path, options).catch((error: unknown) => {
      if (fileFault(error) === undefined) throw error;
      return undefined;
    });
    if (found?.sha256 !== expected || found.bytes !== bytes)
      throw new VideocapError(
        'CorruptArtifact',
        `Model file ${path} ${found ? `hashes to ${found.sha256}` : 'is gone'}, but the run began with ${expected}; ` +
          'restore it.',
      );
  }
}

interface Hashed {
  bytes: number;
  sha256: string;
}

/** Hashes of large files, each computed once as long as its size and time of change stay. */
export class HashedFiles {
  readonly #known = new Map<string, { state: string; hashed: Hashed }>();

  /** Throws as `piecesOf`. */
  async hash(path: string, { onProgress, signal }: CallOptions = {}): Promise<Hashed> {
    const { size, mtimeMs, ino } = await stat(path);
    const state = [size, mtimeMs, ino].join();
    const known = this.#known.get(path);
    if (known?.state === state) return known.hashed;
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const piece of piecesOf(path, Number.MAX_SAFE_INTEGER, signal)) {
      hash.update(piece);
      bytes += piece.length;
      if (bytes % REPORTED < piece.length) onProgress?.(progress(bytes, size));
    }
    const hashed = { bytes, sha256: hash.digest('hex') };
    this.#known.set(path, { state, hashed });
    return hashed;
  }
}

/** Bytes between two reports. */
const REPORTED = 2 ** 26;
const MIB = 2 ** 20;

function progress(done: number, total: number): Progress {
  return { done: Math.floor(done / MIB), total: Math.ceil(total / MIB), what: 'MiB of weights' };
}
