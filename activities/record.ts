import type { z } from 'zod';
import { type IdentityNow, identityNow } from '../contracts/run-identity.ts';
import { RecordStepInput } from '../contracts/run-state.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type ArtifactStore, sha256 } from '../core/artifact-store.ts';
import { keyOf } from '../core/store-layout.ts';

/**
 * Stores the small numbers of every finished step, which MLflow mirrors and the report draws, and the run's state after
 * it.
 */
export function createRecordActivities({ store }: { store: ArtifactStore }) {
  return {
    async recordStep(rawInput: z.input<typeof RecordStepInput>): Promise<void> {
      const { runKey, record, progress } = RecordStepInput.parse(rawInput);
      const { step } = record;
      await store.putJsonOnce(keyOf('record', { runKey, step }), async () => ({
        ...record,
        ...(progress.identity && { madeWith: await storeIdentity(store, identityNow(progress.identity)) }),
      }));
      await store.putJsonOnce(keyOf('progress', { runKey, step }), async () => progress);
    },
  };
}

/** Shared by all records that are made with the same. */
async function storeIdentity(store: ArtifactStore, now: IdentityNow): Promise<ArtifactRef> {
  const text = `${JSON.stringify(now)}\n`;
  return store.put(keyOf('identity', { hash: sha256(text) }), text);
}
