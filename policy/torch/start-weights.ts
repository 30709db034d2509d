import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { clipped } from '../../core/clipped.ts';
import { VideocapError } from '../../core/errors.ts';
import { readModelJson } from '../../core/model-file.ts';
import { fileFault } from '../../core/regular-file.ts';
import type { CallOptions } from '../../core/thread-calls.ts';
import { WEIGHTS_FILE } from '../onnx/model/weights-file.ts';
import { NotWeights, readWeightsHeader } from './weights-header.ts';
import { FileName, type HashedFiles, manifestOf, type WeightsManifest } from './weights-manifest.ts';

/** Lists the files of weights that lie in several: which tensor is in which. */
export const INDEX_FILE = `${WEIGHTS_FILE}.index.json`;
/** Bytes of the largest file that the store takes whole. */
const LARGEST = 2 ** 31;

const Index = z.object({ weight_map: z.record(z.string(), z.string()) });

/** A model's own weights: one file, with its hash, or a manifest of its files. */
export type StartWeights = { path: string; sha256: string } | WeightsManifest;

/**
 * Checks the weights of a model folder, which is not trusted, and takes their hashes. Of a folder with both, the one
 * file counts, as in `transformers`.
 * @throws VideocapError `InvalidModel`.
 */
export async function startWeights(
  folder: string,
  hashes: HashedFiles,
  options?: CallOptions,
  largest = LARGEST,
): Promise<StartWeights> {
  const path = join(folder, WEIGHTS_FILE);
  if (!existsSync(path)) return manifestOf(folder, await indexedFiles(folder), hashes, options);
  await tensorsIn(folder, WEIGHTS_FILE);
  if ((await stat(path)).size > largest) return manifestOf(folder, [WEIGHTS_FILE], hashes, options);
  return { path, sha256: (await hashes.hash(path, options)).sha256 };
}

/** The files that an index names. Each has exactly the tensors that the index says. */
async function indexedFiles(folder: string): Promise<string[]> {
  const index = join(folder, INDEX_FILE);
  const { data } = Index.safeParse(readModelJson(index));
  const tensorsOf = new Map<string, Set<string>>();
  for (const [tensor, file] of Object.entries(data?.weight_map ?? {}))
    tensorsOf.set(file, (tensorsOf.get(file) ?? new Set()).add(tensor));
  if (tensorsOf.size === 0) throw invalid(index, 'maps no tensor to a file');
  const names = [...tensorsOf.keys()].sort();
  const outside = names.find((name) => !FileName.safeParse(name).success);
  if (outside !== undefined)
    throw invalid(index, `names ${JSON.stringify(clipped(outside, 100))}, which is no .safetensors file of its folder`);
  for (const [file, named] of tensorsOf) {
    const found = new Set(await tensorsIn(folder, file));
    for (const tensor of named)
      if (!found.has(tensor)) throw invalid(index, `names tensor ${tensor}, which ${file} does not have`);
    for (const tensor of found)
      if (!named.has(tensor)) throw invalid(index, `does not name tensor ${tensor} as one of ${file}, which has it`);
  }
  return names;
}

async function tensorsIn(folder: string, file: string): Promise<string[]> {
  const path = join(folder, file);
  try {
    return (await readWeightsHeader(path)).tensors;
  } catch (error) {
    const fault = error instanceof NotWeights ? error.message : fileFault(error);
    if (fault === undefined) throw error;
    throw invalid(path, fault, error);
  }
}

function invalid(path: string, fault: string, cause?: unknown): VideocapError {
  return new VideocapError('InvalidModel', `Model file ${path} ${fault}; use a whole copy of the model.`, { cause });
}
