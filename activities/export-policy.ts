import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { ExportPolicyInput, type ExportPolicyOutput } from '../contracts/policy.ts';
import { VideocapError } from '../core/errors.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { followingFilesOf } from './following-files.ts';
import { withFiles } from './policy-files.ts';

type ExportPolicyDeps = Pick<ActivityDeps, 'store' | 'engine' | 'home' | 'onProgress' | 'signal'>;

/** Writes a trained policy as a model folder that `transformers` and `videocap caption` open. */
export function createExportActivities({ store, engine, home, onProgress, signal }: ExportPolicyDeps) {
  return {
    /**
     * Writes `<home>/checkpoints/<runKey>`, whole or not at all; the same policy exported again changes nothing.
     * @throws VideocapError `CorruptArtifact` when the stored weights do not hash to their reference.
     */
    async exportPolicy(rawInput: z.input<typeof ExportPolicyInput>): Promise<z.infer<typeof ExportPolicyOutput>> {
      const { runKey, policy } = ExportPolicyInput.parse(rawInput);
      const folder = join(home, 'checkpoints', runKey);
      const { uri, sha256 } = policy.weights;
      if ((await engine.exportedWeights(folder)) === sha256) return { folder };
      // Another attempt that was given up may still be writing: each attempt has a folder of its own.
      const partial = `${folder}.${randomUUID()}.partial`;
      await mkdir(partial, { recursive: true });
      try {
        const stored = await followingFilesOf(engine).stored(store, policy);
        await withFiles({ store, engine, options: { onProgress, signal: signal?.() } }, stored, async (files) => {
          await engine.exportModel(files, partial, { runKey, step: policy.step });
          const expected = files.weights.sha256;
          if ((await engine.exportedWeights(partial)) !== expected)
            throw new VideocapError(
              'CorruptArtifact',
              `The weights ${uri} do not hash to ${expected}; restore them, or have them made again: videocap resume ` +
                '<run>.',
            );
        });
        await store.mayCommit();
        await rm(folder, { recursive: true, force: true });
        await rename(partial, folder);
      } finally {
        await rm(partial, { recursive: true, force: true });
      }
      return { folder };
    },
  };
}
