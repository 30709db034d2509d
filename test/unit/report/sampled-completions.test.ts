import { expect, test } from 'vitest';
import type { ScoredRollout, StepRecord } from '../../../contracts/run-results.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { evenly, sampledCompletions } from '../../../report/sampled-completions.ts';
import { temporaryStore } from '../activities/stage-store.ts';

/** A step of groups of ten completions, in two parts. */
async function step(store: ArtifactStore, at: number, groups: number): Promise<StepRecord> {
  const parts: ScoredRollout[] = [];
  for (const part of [0, 1]) {
    const place = { runKey: 'r', step: at, round: 0, part };
    const completion = { text: 'A.', tokenIds: [1], logProbs: [0], truncated: false };
    const rollout = await store.putJson(keyOf('rollout', place), {
      step: at,
      groups: Array.from({ length: groups }, (_, g) => ({
        sampleId: `${part}-${g}`,
        completions: Array.from({ length: 10 }, () => ({ ...completion, parsed: { wellFormed: true, caption: 'A.' } })),
      })),
    });
    const grid = Array.from({ length: groups }, () => Array.from({ length: 10 }, (_, c) => (c === 0 ? null : c)));
    const verdicts = await store.putJson(keyOf('verdicts', place), {});
    parts.push({ rollout, verdicts, scores: { caption: grid }, rewards: grid, advantages: grid });
  }
  const scored = await store.putJson(keyOf('scoredRollouts', { runKey: 'r', step: at }), parts);
  return { step: at, time: at, metrics: {}, scored };
}

test('of a large step a page has some groups of its parts, with what each completion earned', async () => {
  const store = await temporaryStore();
  const [shown] = await sampledCompletions(store, [await step(store, 1, 3)]);
  expect(shown!.groups.map(({ sampleId, more }) => [sampleId, more])).toEqual([
    ['0-0', 2],
    ['0-1', 2],
    ['0-2', 2],
    ['1-0', 2],
  ]);
  expect(shown!.more).toBe(2);
  expect(shown!.groups[0]!.completions).toHaveLength(8);
  expect(shown!.groups[0]!.completions.slice(0, 2)).toEqual([
    {
      text: 'A.',
      caption: 'A.',
      truncated: false,
      scores: [{ name: 'caption', value: null }],
      reward: null,
      advantage: null,
    },
    { text: 'A.', caption: 'A.', truncated: false, scores: [{ name: 'caption', value: 1 }], reward: 1, advantage: 1 },
  ]);
});

test('a step that the store has lost is left out; one that was read is not read again', async () => {
  const store = await temporaryStore();
  const records = [await step(store, 1, 1), await step(store, 2, 1)];
  const kept = new Map();
  expect(await sampledCompletions(store, records, kept)).toHaveLength(2);
  await store.remove(keyOf('scoredRollouts', { runKey: 'r', step: 1 }));
  expect((await sampledCompletions(store, records, kept)).map((each) => each.step)).toEqual([1, 2]);
  expect((await sampledCompletions(store, records)).map((each) => each.step)).toEqual([2]);
});

test('of a long list some entries are taken, from the first to the last', () => {
  const list = Array.from({ length: 1000 }, (_, i) => i);
  const some = evenly(list, 40);
  expect([some.length, some[0], some.at(-1)]).toEqual([40, 0, 999]);
  expect(evenly([1, 2, 3], 40)).toEqual([1, 2, 3]);
  expect(evenly([], 40)).toEqual([]);
  expect(evenly([7], 40)).toEqual([7]);
});
