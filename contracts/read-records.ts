import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';
import { StepRecord } from './run-results.ts';

/** The records of the steps `from` to `to`, both included, in order. */
export async function readRecords(
  store: ArtifactStore,
  runKey: string,
  from: number,
  to: number,
): Promise<StepRecord[]> {
  const records: StepRecord[] = [];
  for (let step = from; step <= to; step++) {
    const ref = await store.find(keyOf('record', { runKey, step }));
    if (!ref)
      throw new VideocapError(
        'CorruptArtifact',
        `The record of step ${step} of run ${runKey} is gone from the store; restore it.`,
      );
    records.push(await store.readJson(ref, StepRecord));
  }
  return records;
}
