import { ActivityFailure, ApplicationFailure, RetryState } from '@temporalio/common';
import { expect, test, vi } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { Gate } from '../../../workflows/gate.ts';
import { JudgeGate } from '../../../workflows/judge-gate.ts';
import { writtenBy } from '../../../workflows/policy-texts.ts';

// Files share modules: another's may have loaded the gates with a Temporal of its own.
vi.hoisted(() => vi.resetModules());
vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<object>()),
  log: { warn: () => {} },
  workflowInfo: () => ({ workflowId: 'run' }),
  condition: async (isMet: () => boolean) => {
    while (!isMet()) await new Promise(setImmediate);
  },
  CancellationScope: class {
    static current = () => ({ consideredCancelled: false });
    cancel = () => {};
    run = <T>(work: () => Promise<T>) => work();
  },
}));

const WEIGHTS = { uri: 'store:w', sha256: '0'.repeat(64), bytes: 1 };

test('a run that waits for a person, since its policy has no usable numbers, shows no server of before', async () => {
  const [divergence, gate] = [new Gate('not finite', 'Diverged'), new JudgeGate()];
  for (const each of [divergence, gate]) each.open(() => undefined);
  const cause = ApplicationFailure.nonRetryable('The policy gave token 3 the logit NaN.', 'Diverged');
  const failure = new ActivityFailure('failed', 'rolloutGroups', '5', RetryState.NON_RETRYABLE_FAILURE, 'w', cause);
  let attempts = 0;
  const texts = writtenBy(
    {
      config: ExperimentConfig.parse({}),
      policy: { model: 'tiny', step: 2, weights: WEIGHTS },
      ...{ divergence, gate, of: 'rollout server' },
    },
    async () => {
      attempts += 1;
      if (attempts > 1) return 'texts';
      gate.waits({ why: 'No server answers', since: 1, of: 'rollout server' }, '5');
      throw failure;
    },
  );
  await vi.waitFor(() => expect(divergence.sentence).toContain('videocap fork run --at-step 1'));
  expect(gate.waiting).toBeUndefined();
  divergence.resume();
  expect(await texts).toBe('texts');
});
