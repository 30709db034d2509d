import { randomUUID } from 'node:crypto';
import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { sha256OfFile } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { openModelFolder } from '../policy/onnx/model/model-folder.ts';

/** The files of a model folder that training does not change. */
const FIXED = /\.(json|jinja)$/;

export interface ExportPolicyDeps {
  store: ArtifactStore;
  home: string;
}

/** Makes a trained policy something to take away: a model folder that `transformers` and `videocap caption` open. */
export function createExportActivities({ store, home }: ExportPolicyDeps) {
  return {
    /**
     * Writes `<home>/checkpoints/<runKey>`, whole or not at all; the same policy exported again changes nothing.
     * @throws VideocapError `CorruptArtifact` when the stored weights do not hash to their reference.
     */
    async exportPolicy({ runKey, policy }: { runKey: string; policy: PolicyRef }): Promise<{ folder: string }> {
      const folder = join(home, 'checkpoints', runKey);
      const weights = join(folder, 'model.safetensors');
      if ((await sha256OfFile(weights).catch(() => undefined)) === policy.weights.sha256) return { folder };
      const model = openModelFolder(policy.model);
      // Its own: another attempt, given up and not yet dead, may be at work on another.
      const partial = `${folder}.${randomUUID()}.partial`;
      await mkdir(partial, { recursive: true });
      try {
        await fill(partial, model.path, policy);
        await store.mayCommit();
        await rm(folder, { recursive: true, force: true });
        await rename(partial, folder);
      } finally {
        await rm(partial, { recursive: true, force: true });
      }
      return { folder };
    },
  };

  async function fill(partial: string, modelPath: string, policy: PolicyRef): Promise<void> {
    for (const name of await readdir(modelPath)) {
      if (FIXED.test(name)) await copyFile(join(modelPath, name), join(partial, name));
    }
    await copyFile(await store.localCopy(policy.weights), join(partial, 'model.safetensors'));
    if ((await sha256OfFile(join(partial, 'model.safetensors'))) !== policy.weights.sha256)
      throw new VideocapError(
        'CorruptArtifact',
        `The weights ${policy.weights.uri} do not hash to ${policy.weights.sha256}; restore them, or have them made again: videocap resume <run>.`,
      );
  }
}
