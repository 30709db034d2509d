import { CancelledFailure } from '@temporalio/common';
import { expect, test, vi } from 'vitest';
import { JudgeGate } from '../../../workflows/judge-gate.ts';
import { StoppedByUser } from '../../../workflows/stopped-by-user.ts';

vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original()),
  CancellationScope: class {
    static current = () => ({ consideredCancelled: false });
    cancel = () => {};
    run = <T>(work: () => Promise<T>) => {
      const cancelled = new Promise<never>((_, reject) => {
        this.cancel = () => reject(new CancelledFailure('cancelled'));
      });
      return Promise.race([work(), cancelled]);
    };
  },
}));

// With `rolloutLag: 1` the judge is asked about one step while the completions of the next are sampled.

const away = { why: 'It is away', since: 1, of: 'rollout server' } as const;

function gateWithRollout() {
  const gate = new JudgeGate();
  gate.open(() => undefined);
  let sampled: (texts: string) => void = () => {};
  const texts = new Promise<string>((resolve) => {
    sampled = resolve;
  });
  const rollout = gate.through(() => texts, { of: 'rollout server' });
  gate.waits(away);
  return { gate, sampled, rollout };
}

test('an answer of the judge does not end the wait for rollout servers, which a stop breaks off', async () => {
  const { gate, rollout } = gateWithRollout();
  await gate.through(async () => 'scores');
  expect(gate.waiting).toEqual(away);
  gate.stop();
  await expect(rollout).rejects.toEqual(new StoppedByUser('It is away', 'judge'));
});

test('nothing is waited for once the rollout is there', async () => {
  const { gate, sampled, rollout } = gateWithRollout();
  const judged = gate.through(() => new Promise<never>(() => {}));
  sampled('texts');
  expect(await rollout).toBe('texts');
  expect(gate.waiting).toBeUndefined();
  gate.stop();
  expect(await Promise.race([judged, 'is still asked'])).toBe('is still asked');
});

test('of two activities that ask judges, the answer of one does not end the wait for the other', async () => {
  const gate = new JudgeGate();
  gate.open(() => undefined);
  const judged = gate.through(() => new Promise<never>(() => {}));
  gate.waits({ why: 'It is away', since: 1 });
  await gate.through(async () => 'scores of a custom reward');
  gate.stop();
  await expect(judged).rejects.toBeInstanceOf(StoppedByUser);
});
