import { describe, expect, it, vi } from 'vitest';
import type { ScoredRollout } from '../../../contracts/run-results.ts';
import { RewardConfig } from '../../../rewards/registry.ts';
import type { StepOutcome } from '../../../workflows/step.ts';
import { trainStep } from '../../../workflows/train-step.ts';
import { playedBy, stepInput } from './played-step.ts';
import { policyAt, ref } from './scripted-stages.ts';
import { scriptedRef, scriptedValue } from './scripted-store.ts';

vi.mock('../../../workflows/stages.ts', async () => (await import('./played-step.ts')).playedStages());

const scoredIn = ({ scored }: StepOutcome) => scriptedValue<ScoredRollout[]>(scored!);

describe('a step of SFT', () => {
  it('updates the policy on the references of its samples, and samples, scores and judges nothing', async () => {
    const calls = playedBy();
    const { input, shown } = stepInput({ kind: 'sft' }, 40);
    const outcome = await trainStep(input);
    expect(calls.map(([name]) => name)).toEqual(['extractFrames', 'updatePolicy', 'extractFrames']);
    expect(calls[0]![1]).toMatchObject({ samples: { seed: 5, step: 3, round: 0, size: 2 } });
    expect(calls[1]![1]).toEqual({
      ...{ runKey: 'r', step: 3, policy: policyAt(2), reference: policyAt(0), engine: { kind: 'onnx', threads: 2 } },
      ...{ output: 'structured', algorithm: input.config.algorithm, keepEvery: 20 },
      batch: { learnsFrom: 'references', clips: ref('clips'), manifest: ref('manifest') },
    });
    expect(shown).toEqual(['frames', 'update']);
    expect(outcome).toEqual({
      ...{ policy: policyAt(3), usage: { calls: 0, cost: 0 } },
      metrics: {
        ...{ 'train/loss': 0.1, 'train/kl': 0.01, 'time/updateSeconds': 1 },
        'time/stepSeconds': expect.any(Number),
      },
      seconds: expect.any(Number),
      clipsAhead: { step: 4, clips: ref('clips') },
    });
  });
});

describe('a step of GRPO', () => {
  it('updates the policy on its completions with their advantages, and records what they earned', async () => {
    const calls = playedBy();
    const { input, shown } = stepInput({ kind: 'grpo', scaleRewards: 'none' }, 40);
    const outcome = await trainStep(input);
    // Rewards 2.5 and 0, 1.75 and 2.75: each less the mean of its group.
    const advantages = [
      [1.25, -1.25],
      [-0.5, 0.5],
    ];
    const [, update] = calls.find(([name]) => name === 'updatePolicy')!;
    expect(update).toMatchObject({
      algorithm: { kind: 'grpo', scaleRewards: 'none' },
      batch: {
        learnsFrom: 'completions',
        scored: outcome.scored,
        clips: [ref('clips')],
        ...{ temperature: 1, maxNewTokens: 128 },
      },
    });
    expect(shown).toEqual(['frames', 'rollout', 'scoring', 'update']);
    expect(outcome).toMatchObject({ policy: policyAt(3), usage: { calls: 4, cost: 1 } });
    const rollouts = scoredIn(outcome);
    expect(rollouts).toMatchObject([{ rollout: ref('rollout'), verdicts: ref('verdicts'), advantages }]);
    // What is kept for good refers to no frames.
    expect(rollouts[0]).not.toHaveProperty('clips');
    expect(outcome.metrics).toMatchObject({ 'reward/mean': 1.75, 'train/loss': 0.1, 'judge/calls': 4 });
  });
});

describe('a step of GRPO with a custom reward', () => {
  const custom = { mine: { kind: 'http', weight: 2 } };
  const withCustom = () => {
    const { input, gate } = stepInput({ kind: 'grpo' }, 40);
    return { gate, input: { ...input, config: { ...input.config, reward: RewardConfig.parse({ custom }) } } };
  };

  it('scores with it beside the others, and counts, records and shows it as any component', async () => {
    const calls = playedBy();
    const { input, gate } = withCustom();
    const outcome = await trainStep(input);
    const { metrics } = outcome;
    const rollouts = scoredIn(outcome);
    const scoring = ['scoreCompletions', 'judgeCompletions', 'scoreCustomRewards'];
    expect(calls.map(([name]) => name).filter((name) => scoring.includes(name))).toEqual(scoring);
    expect(rollouts[0]!.rewards).toEqual([
      [3.5, 1],
      [2.75, 3.75],
    ]);
    expect(Object.keys(rollouts[0]!.scores)).toEqual(['format', 'think', 'caption', 'mine']);
    expect(metrics).toMatchObject({ 'reward/mean': 2.75, 'reward/mine': 0.5, 'time/customRewardSeconds': 1 });
    // What a person must repair pauses the run, as with the judge; the rollout passes as well, to be broken off.
    expect(gate.passed).toBe(3);
  });

  it('leaves out the group of a completion that it could not score', async () => {
    const unscorable = { unscorable: true as const, reason: 'it threw' };
    const grid = [
      [{ value: 1 }, unscorable],
      [{ value: 1 }, { value: 0 }],
    ];
    playedBy({ scoreCustomRewards: () => ({ scores: scriptedRef({ mine: grid }), seconds: 1 }) });
    const outcome = await trainStep(withCustom().input);
    const { metrics } = outcome;
    const rollouts = scoredIn(outcome);
    expect(rollouts[0]!.rewards[0]).toEqual([null, null]);
    expect(rollouts[0]!.scores.mine).toEqual([
      [1, null],
      [1, 0],
    ]);
    expect(metrics).toMatchObject({ 'reward/excluded': 2 });
  });
});

it.each(['grpo', 'sft'])('the last step of %s decodes nothing ahead', async (kind) => {
  const calls = playedBy();
  const { clipsAhead } = await trainStep(stepInput({ kind }, 40, { isLast: () => true }).input);
  expect(clipsAhead).toBeUndefined();
  expect(calls.filter(([name]) => name === 'extractFrames')).toHaveLength(1);
});
