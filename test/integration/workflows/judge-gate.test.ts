import { CancelledFailure } from '@temporalio/common';
import { expect, test, vi } from 'vitest';
import { JudgeGate } from '../../../workflows/judge-gate.ts';
import { StoppedByUser } from '../../../workflows/stopped-by-user.ts';

// Files share modules: another's may have loaded the gates with a Temporal of its own.
vi.hoisted(() => vi.resetModules());
vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original<object>()),
  log: { warn: () => {} },
  condition: async (isMet: () => boolean) => {
    while (!isMet()) await new Promise(setImmediate);
  },
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

test('two outages at once are both shown, and each ends by itself', () => {
  const gate = new JudgeGate();
  gate.open(() => undefined);
  const judge = { why: 'The judge is away', since: 1 };
  const reward = { why: 'The reward server is away', since: 2 };
  gate.waits(judge, '7');
  gate.waits(reward, '8');
  gate.waits({ ...judge, since: 3 }, '9'); // the same, by another activity
  expect(gate.waitings).toEqual([judge, reward]);
  gate.waits(null, '9');
  expect(gate.waiting).toEqual(judge);
  gate.waits(null, '7');
  expect(gate.waitings).toEqual([reward]);
  gate.waits(null, '8');
  expect(gate.waiting).toBeUndefined();
});

test('a person is asked for all that is blocked at once, each once', async () => {
  const gate = new JudgeGate();
  gate.open(() => undefined);
  gate.waits({ why: 'The reward server is away', since: 2 }, '8');
  const held = [gate.hold('The key is wrong.', undefined, '7'), gate.hold('The code has changed.', undefined, '9')];
  expect(gate.sentence).toBe('The key is wrong. The code has changed.');
  expect(gate.waitings.map(({ why }) => why)).toEqual([
    ...['The key is wrong.', 'The code has changed.', 'The reward server is away'],
  ]);
  const again = gate.hold('The key is wrong.', undefined, '10');
  expect(gate.waitings).toHaveLength(3);
  gate.resume();
  await Promise.all([...held, again]);
  expect(gate.sentence).toBeUndefined();
});
