import type { z } from 'zod';
import { RunProgress } from '../contracts/run-progress.ts';
import { StepRecord } from '../contracts/run-results.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';

/** Where a step's record is kept. */
export function recordKey(runKey: string, step: number): string {
  return `runs/${runKey}/records/step-${String(step).padStart(6, '0')}.json`;
}

/** Where a run's state after a step is kept. */
export function progressKey(runKey: string, step: number): string {
  return `runs/${runKey}/progress/step-${String(step).padStart(6, '0')}.json`;
}

/** The records of the steps `from` to `to`, both included, in order. */
export async function readRecords(
  store: ArtifactStore,
  runKey: string,
  from: number,
  to: number,
): Promise<StepRecord[]> {
  const records: StepRecord[] = [];
  for (let step = from; step <= to; step++) {
    const ref = await store.find(recordKey(runKey, step));
    if (!ref)
      throw new VideocapError(
        'CorruptArtifact',
        `The record of step ${step} of run ${runKey} is gone from the store; restore it.`,
      );
    records.push(await store.readJson(ref, StepRecord));
  }
  return records;
}

/** Keeps the small numbers of every finished step, which MLflow mirrors and the report draws, and the run's state after it. */
export function createRecordActivities({ store }: { store: ArtifactStore }) {
  return {
    async recordStep(input: {
      runKey: string;
      record: z.input<typeof StepRecord>;
      progress: z.input<typeof RunProgress>;
    }): Promise<void> {
      const record = StepRecord.parse(input.record);
      const progress = RunProgress.parse(input.progress);
      await store.putJsonOnce(recordKey(input.runKey, record.step), async () => record);
      await store.putJsonOnce(progressKey(input.runKey, record.step), async () => progress);
    },
  };
}
