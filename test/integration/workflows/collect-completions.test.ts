import { describe, expect, it, vi } from 'vitest';
import type { ScoredRollout } from '../../../contracts/run-results.ts';
import { type Collected, collectCompletions } from '../../../workflows/collect-completions.ts';
import { playedBy, stepInput } from './played-step.ts';
import { ref, usage } from './scripted-stages.ts';
import { scriptedRef, scriptedValue } from './scripted-store.ts';
import type { StageName } from './stage-contracts.ts';

vi.mock('../../../workflows/stages.ts', async () => (await import('./played-step.ts')).playedStages());

/** An algorithm that takes two rounds, since the first of these has a group without differences. */
const DYNAMIC = { kind: 'grpo', scaleRewards: 'none', samplesPerStep: 3, dynamicSampling: { maxRounds: 2 } };
const scoredIn = ({ scored }: Collected) => scriptedValue<ScoredRollout[]>(scored);

const value = (number: number) => ({ value: number });
const grid = (...groups: number[][]) => groups.map((group) => group.map(value));

/** What a round's stages give: each round another number of groups, tokens, seconds and answers that cost. */
const ROUNDS = [
  { format: grid([1, 1], [0, 1]), think: grid([0.5, 0], [0, 0]), caption: grid([1, 0], [0, 1]) },
  {
    format: grid([1, 0]),
    think: grid([1, 0]),
    caption: [[value(1), { unscorable: true as const, reason: 'refused' }]],
  },
];
const rounds = () =>
  playedBy({
    extractFrames: ({ samples }) => ({ clips: ref(`clips-${samples === 'held-out' ? samples : samples.round}`) }),
    rolloutGroups: ({ round }) => ({
      ...{ rollout: ref(`rollout-${round}`), completions: round === 0 ? 4 : 2, tokens: round === 0 ? 40 : 32 },
      ...{ meanLength: 10, truncated: round, seconds: 2 + round },
    }),
    scoreCompletions: ({ round }) => {
      const { format, think } = ROUNDS[round]!;
      return { scores: scriptedRef({ format, think }), seconds: 1 };
    },
    judgeCompletions: ({ round }) => ({
      scores: scriptedRef({ caption: ROUNDS[round]!.caption }),
      ...{ verdicts: ref(`verdicts-${round}`), usage: usage(4 + round), seconds: 1.5 },
    }),
  });
const given = (calls: ReturnType<typeof playedBy>, name: StageName) =>
  calls.filter(([called]) => called === name).map(([, input]) => input);

describe('the completions of a step', () => {
  it('are one round where the algorithm asks for no more', async () => {
    const calls = rounds();
    const { input, shown, gate } = stepInput({ kind: 'grpo' }, 40);
    const collected = await collectCompletions(input);
    expect(scoredIn(collected)).toHaveLength(1);
    expect(calls.map(([name]) => name)).toEqual([
      ...['extractFrames', 'rolloutGroups', 'scoreCompletions', 'judgeCompletions', 'compareCompletions'],
    ]);
    expect(shown).toEqual(['frames', 'rollout', 'scoring']);
    // The rollout and the judge's questions.
    expect(gate.passed).toBe(2);
  });

  it('are two rounds where it asks for two, each at a place and with samples of its own', async () => {
    const calls = rounds();
    const { input, gate } = stepInput(DYNAMIC, 40);
    await collectCompletions(input);
    expect(given(calls, 'extractFrames')).toMatchObject([
      { samples: { seed: 5, step: 3, round: 0, size: 3 } },
      { samples: { seed: 5, step: 3, round: 1, size: 3 } },
    ]);
    for (const name of ['rolloutGroups', 'scoreCompletions', 'judgeCompletions'] as const)
      expect(given(calls, name)).toMatchObject([
        { runKey: 'r', step: 3, round: 0, part: 0 },
        { runKey: 'r', step: 3, round: 1, part: 0 },
      ]);
    expect(given(calls, 'rolloutGroups')).toMatchObject([{ clips: ref('clips-0') }, { clips: ref('clips-1') }]);
    expect(gate.passed).toBe(4);
    const [first, both] = given(calls, 'compareCompletions') as { rounds: unknown[] }[];
    expect([first!.rounds.length, both!.rounds.length]).toEqual([1, 2]);
    expect(both!.rounds[0]).toEqual(first!.rounds[0]);
  });

  it('are compared all rounds together, and each rollout gets the advantages of its own groups', async () => {
    rounds();
    const collected = await collectCompletions(stepInput(DYNAMIC, 40).input);
    expect(collected.clips).toEqual([ref('clips-0'), ref('clips-1')]);
    expect(scoredIn(collected)).toEqual([
      {
        ...{ rollout: ref('rollout-0'), verdicts: ref('verdicts-0') },
        scores: {
          format: [
            [1, 1],
            [0, 1],
          ],
          think: [
            [0.5, 0],
            [0, 0],
          ],
          caption: [
            [1, 0],
            [0, 1],
          ],
        },
        rewards: [
          [2.5, 1],
          [0, 2],
        ],
        advantages: [
          [0.75, -0.75],
          [-1, 1],
        ],
      },
      {
        ...{ rollout: ref('rollout-1'), verdicts: ref('verdicts-1') },
        scores: { format: [[1, 0]], think: [[1, 0]], caption: [[1, null]] },
        // A group that could not be scored whole has no rewards.
        rewards: [[null, null]],
        advantages: [[null, null]],
      },
    ]);
  });

  it('are counted, timed and paid over all rounds, and each round knows what was paid before it', async () => {
    const calls = rounds();
    const { metrics, usage: paid } = await collectCompletions(stepInput(DYNAMIC, 40).input);
    expect(given(calls, 'judgeCompletions')).toMatchObject([
      { spent: { calls: 10, usd: 1 } },
      { spent: { calls: 14, usd: 2 } },
    ]);
    expect(paid).toEqual({ calls: 9, cost: 2.25 });
    expect(metrics).toMatchObject({
      ...{
        'reward/mean': (2.5 + 1 + 0 + 2) / 4,
        'reward/format': 4 / 6,
        'reward/caption': 3 / 5,
        'reward/excluded': 2,
      },
      ...{ 'train/completionLength': 72 / 6, 'train/truncatedShare': 1 / 6, 'train/tokensPerSecond': 72 / 5 },
      ...{ 'judge/calls': 9, 'judge/cost': 2.25, 'judge/unscorableShare': 1 / 6, 'judge/latencySeconds/max': 2 },
      ...{ 'time/rolloutSeconds': 5, 'time/thinkSeconds': 2, 'time/judgeSeconds': 3 },
      ...{ 'sampling/rounds': 2, 'sampling/keptGroups': 2, 'sampling/unscoredGroups': 1 },
    });
  });

  it('take the clips that were decoded ahead for their first round, if they are of this step', async () => {
    for (const [step, decoded] of [
      [3, [1]],
      [2, [0, 1]],
    ] as const) {
      const calls = rounds();
      const clipsAhead = { step, clips: ref('ahead') };
      const { clips } = await collectCompletions(stepInput(DYNAMIC, 40, { clipsAhead }).input);
      const taken = given(calls, 'extractFrames') as { samples: { round: number } }[];
      expect(taken.map(({ samples }) => samples.round)).toEqual(decoded);
      expect(clips[0]).toEqual(step === 3 ? ref('ahead') : ref('clips-0'));
    }
  });

  it.each([
    [1, 1],
    [3, 1],
    [4, 2],
    [6, 2],
  ])('of a split of %i samples are at most %i rounds, whatever the algorithm asks for', async (train, most) => {
    rounds();
    const algorithm = { ...DYNAMIC, dynamicSampling: { maxRounds: 9 } };
    expect((await collectCompletions(stepInput(algorithm, train).input)).clips).toHaveLength(most);
  });
});
