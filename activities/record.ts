import type { z } from 'zod';
import { RecordStepInput } from '../contracts/run-state.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
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
      await store.putJsonOnce(keyOf('record', { runKey, step }), async () => record);
      await store.putJsonOnce(keyOf('progress', { runKey, step }), async () => progress);
    },
  };
}
