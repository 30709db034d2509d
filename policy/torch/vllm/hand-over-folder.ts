import { randomUUID } from 'node:crypto';
import { copyFile, link, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PRIVATE } from '../../../core/durable-file.ts';
import { readFixedFiles } from '../../model/fixed-files.ts';
import { WEIGHTS_FILE } from '../../onnx/model/weights-file.ts';
import { exportWeights } from '../export-files.ts';
import type { RankFiles } from '../policy-weights.ts';
import { readManifest } from '../weights-manifest.ts';

/** Folders that stay: the policy's, and that of the one before it. */
const KEPT = 2;

/**
 * The folder that servers load a policy from, named by the hash of its weights: an adapter as PEFT has it, or a whole
 * model whose weights are a link to the stored file. Weights that lie in the model's own folder are loaded from there.
 * @param top where such folders lie; servers must see it under the same path.
 */
export async function handOverFolder({ model, weights, base }: RankFiles, top: string): Promise<string> {
  if (await readManifest(weights.path)) return model;
  const folder = join(top, weights.sha256);
  const unfinished = `${folder}.${randomUUID()}.tmp`;
  await mkdir(unfinished, { recursive: true, mode: PRIVATE.folder });
  if (base && base.sha256 !== weights.sha256) await exportWeights(weights.path, model, unfinished);
  else {
    for (const [name, bytes] of readFixedFiles(model)) await writeFile(join(unfinished, name), bytes);
    await linkOrCopy(weights.path, join(unfinished, WEIGHTS_FILE));
  }
  await rm(folder, { recursive: true, force: true });
  await rename(unfinished, folder);
  await removeOld(top);
  return folder;
}

/** A link takes no disk. The store may lie on another file system. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  await link(from, to).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EXDEV' && error.code !== 'EPERM') throw error;
    return copyFile(from, to);
  });
}

async function removeOld(top: string): Promise<void> {
  const names = await readdir(top);
  const dated = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(top, name))).mtimeMs })));
  const old = dated.sort((a, b) => b.at - a.at).slice(KEPT);
  for (const { name } of old) await rm(join(top, name), { recursive: true, force: true });
}
