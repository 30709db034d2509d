import type { z } from 'zod';
import { StepRecord } from '../contracts/run-results.ts';
import { RunProgress } from '../contracts/run-state.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { keyOf } from '../core/store-layout.ts';

/**
 * Stores the small numbers of every finished step, which MLflow mirrors and the report draws, and the run's state after
 * it.
 */
export function createRecordActivities({ store }: { store: ArtifactStore }) {
  return {
    async recordStep(input: {
      runKey: string;
      record: z.input<typeof StepRecord>;
      progress: z.input<typeof RunProgress>;
    }): Promise<void> {
      const { runKey } = input;
      const record = StepRecord.parse(input.record);
      const { step } = record;
      const progress = RunProgress.parse(input.progress);
      await store.putJsonOnce(keyOf('record', { runKey, step }), async () => record);
      await store.putJsonOnce(keyOf('progress', { runKey, step }), async () => progress);
    },
  };
}
