import { createRecordActivities } from '../../../activities/record.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunProgress } from '../../../contracts/run-state.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import type { PolicyRef } from '../../../core/policy-ref.ts';
import { keyOf } from '../../../core/store-layout.ts';

/**
 * Writes a run of so many steps into a store, whose checkpoints are kept at even steps and the last. `refreshed`: the
 * step after which its reference policy is refreshed. `best`: what it chooses its best checkpoint by.
 */
export async function writeRunTo(
  store: ArtifactStore,
  runKey: string,
  steps: number,
  { refreshed = 0, best }: { refreshed?: number; best?: { metric: string; patience: number } } = {},
): Promise<void> {
  const { recordStep } = createRecordActivities({ store });
  let reference: PolicyRef = { model: 'tiny', step: 0, weights: await store.put('start', 'start') };
  for (let step = 0; step <= steps; step++) {
    const weights = await store.put(keyOf('checkpointWeights', { runKey, step }), `weights of step ${step}`);
    if (step > 0 && step === refreshed) reference = { model: 'tiny', step, weights };
    const progress: RunProgress = {
      config: ExperimentConfig.parse({ algorithm: { kind: 'grpo', steps }, checkpoints: { keepEvery: 2, best } }),
      startTime: 1,
      step,
      reference,
      policy: { model: 'tiny', step, weights },
      evaluations: [],
      spent: { usd: 2, calls: 20 },
      limits: { judgeBudgetUsd: 3 },
      lastMetrics: { 'reward/mean': step },
      mirroredStep: step - 1,
      ...(best && { best: { step: 0, value: 50, mark: 50, waited: step, measuredStep: step } }),
    };
    if (step > 0) await store.putJson(keyOf('update', { runKey, step }), {});
    await recordStep({
      runKey,
      record: { step, time: step, metrics: { 'reward/mean': step } },
      progress,
    });
    if (step % 2 === 1 && step < steps && step !== refreshed)
      await store.remove(keyOf('checkpointWeights', { runKey, step }));
  }
}
