import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { ExportPolicyInput, type ExportPolicyOutput } from '../contracts/policy.ts';
import { VideocapError } from '../core/errors.ts';
import { policyFiles } from '../policy/engine-inputs.ts';
import type { ActivityDeps } from './activity-deps.ts';

type ExportPolicyDeps = Pick<ActivityDeps, 'store' | 'engine' | 'home'>;

/** Writes a trained policy as a model folder that `transformers` and `videocap caption` open. */
export function createExportActivities({ store, engine, home }: ExportPolicyDeps) {
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
        await engine.exportModel(await policyFiles(store, policy), partial, { runKey, step: policy.step });
        if ((await engine.exportedWeights(partial)) !== sha256)
          throw new VideocapError(
            'CorruptArtifact',
            `The weights ${uri} do not hash to ${sha256}; restore them, or have them made again: videocap resume ` +
              '<run>.',
          );
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
