import { expect, test, vi } from 'vitest';
import { collectCompletions } from '../../../workflows/collect-completions.ts';
import type { JudgeGate } from '../../../workflows/judge-gate.ts';
import type { RunState } from '../../../workflows/run-state.ts';
import { StepsAhead } from '../../../workflows/steps-ahead.ts';
import { StoppedByUser } from '../../../workflows/stopped-by-user.ts';

const cancelled = vi.hoisted(() => vi.fn());
vi.mock('../../../workflows/collect-completions.ts', () => ({ collectCompletions: vi.fn() }));
vi.mock('@temporalio/workflow', async (original) => ({
  ...(await original()),
  CancellationScope: class {
    run = <T>(work: () => Promise<T>) => work();
    cancel = cancelled;
  },
}));

const inputOf = (step: number) => ({
  config: { algorithm: { kind: 'grpo', rolloutLag: 1 } },
  place: { runKey: 'r', step },
  isLast: () => false,
});
const run = { nextStep: () => inputOf(1), stepAhead: () => inputOf(2) } as unknown as RunState;

async function restAfter(error: Error): Promise<void> {
  vi.mocked(collectCompletions).mockImplementation(async ({ place }) => {
    if (place.step === 2) throw error;
    return {} as never;
  });
  const steps = new StepsAhead(run, {} as JudgeGate);
  await steps.next()[1];
  return steps.rest();
}

test('a step ahead that a stop breaks off does not end a run that continues as new; other faults do', async () => {
  await expect(restAfter(new StoppedByUser('The key is wrong', 'judge'))).resolves.toBeUndefined();
  await expect(restAfter(new Error('A fault'))).rejects.toThrow('A fault');
});

test('where a part of a step ahead cannot be had, nothing more is sampled for that step', async () => {
  cancelled.mockClear();
  await expect(restAfter(new Error('A fault'))).rejects.toThrow();
  expect(cancelled).toHaveBeenCalledOnce();
});
