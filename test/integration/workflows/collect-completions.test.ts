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

/** Moments that are waited for. */
function signals(count: number): { given: Promise<void>; give: () => void }[] {
  return Array.from({ length: count }, () => {
    let give = () => {};
    const given = new Promise<void>((resolve) => (give = resolve));
    return { given, give };
  });
}

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

  it('are scored a part at a time while the next is sampled, and are put together as one part is', async () => {
    const groups = grid([1, 1], [0, 1], [1, 0]);
    const texts = ({ from, count }: { from: number; count: number }) => groups.slice(from, from + count);
    const events: string[] = [];
    const shown: unknown[] = [];
    const [begun, asked] = [signals(3), signals(3)];
    const play = (algorithm: object, inParts: boolean) => {
      const all = { from: 0, count: 3 };
      const rangeOf = (part: number) => (inParts ? { from: part, count: 1 } : all);
      const calls = playedBy({
        rolloutGroups: async ({ part, samples = all }) => {
          expect(samples).toEqual(rangeOf(part));
          begun[part]!.give();
          if (part > 0) await asked[part - 1]!.given; // the judge has the questions of the part before
          events.push(`sampled ${part}`);
          const { count } = samples;
          const counts = { completions: 2 * count, tokens: 20 * count, meanLength: 10, truncated: 0, seconds: count };
          return { rollout: ref(`rollout-${part}`), ...counts };
        },
        scoreCompletions: ({ part, earlier }) => ({
          scores: scriptedRef({ format: texts(rangeOf(part)), think: texts(rangeOf(part)) }),
          distinctCaptions: 0.25 + 0.25 * (earlier?.length ?? 2),
          seconds: 1,
        }),
        judgeCompletions: async ({ part, spent }) => {
          events.push(`judge ${part} after ${spent.calls}`);
          asked[part]!.give();
          if (inParts && part < 2) await begun[part + 1]!.given; // and answers once the next part is being sampled
          const { count } = rangeOf(part);
          return {
            scores: scriptedRef({ caption: texts(rangeOf(part)) }),
            ...{ verdicts: ref(`verdicts-${part}`), usage: usage(2 * count), seconds: count },
          };
        },
      });
      const onStage = (stage: string, part?: object) => shown.push(part ? { stage, ...part } : stage);
      return { calls, collected: collectCompletions(stepInput(algorithm, 40, { onStage }).input) };
    };
    const section = { kind: 'grpo', samplesPerStep: 3 };
    const parts = play({ ...section, samplesPerPart: 1 }, true);
    const { clips, metrics, ...collected } = await parts.collected;
    // Each part knows what those before it have paid.
    expect(events).toEqual([
      ...['sampled 0', 'judge 0 after 10', 'sampled 1', 'judge 1 after 12', 'sampled 2', 'judge 2 after 14'],
    ]);
    expect(shown).toContainEqual({ stage: 'rollout', number: 2, of: 3 });
    expect(shown.at(-1)).toEqual({ stage: 'scoring', number: 3, of: 3 });
    expect(clips).toEqual(Array(3).fill(clips[0]));
    const scored = given(parts.calls, 'scoreCompletions') as { earlier?: unknown[] }[];
    expect(scored.map(({ earlier }) => earlier)).toEqual([undefined, undefined, [ref('rollout-0'), ref('rollout-1')]]);

    const whole = play(section, false);
    const one = await whole.collected;
    expect(metrics).toEqual({
      ...{ ...one.metrics, 'time/thinkSeconds': 3, 'judge/latencySeconds/max': 2 },
      'time/framesSeconds': expect.any(Number), // by the clock
    });
    expect(collected.usage).toEqual(one.usage);
    expect(collected.scorable).toEqual(one.scorable);
    const joined = (name: 'rewards' | 'advantages', from: Pick<Collected, 'scored'>) =>
      scriptedValue<ScoredRollout[]>(from.scored).flatMap((rollout) => rollout[name]);
    for (const name of ['rewards', 'advantages'] as const) expect(joined(name, collected)).toEqual(joined(name, one));
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
