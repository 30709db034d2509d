import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { createScoreActivities } from '../../../activities/score-completions.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { parseCompletion, type Rollout } from '../../../core/completion.ts';
import { type DatasetManifest, type Sample, structuredCompletion, type Thought } from '../../../core/sample.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { RewardConfig } from '../../../rewards/registry.ts';
import { naming } from '../../refusal.ts';
import { withScores } from '../../stored-scores.ts';

let root: string;
let store: ArtifactStore;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-think-'));
  store = new ArtifactStore(root);
});
afterAll(() => rm(root, { recursive: true }));

const thought: Thought = [{ subject: 'circle', attributes: ['small', 'red'], actions: ['moves left'] }];
const sample = (id: string, more: Partial<Sample>): Sample => ({
  id,
  video: { path: `/${id}.mp4`, sha256: '0'.repeat(64), bytes: 1 },
  caption: 'A small red circle moves left.',
  ...more,
});
const completion = (text: string) => ({
  ...{ text, tokenIds: [1], logProbs: [-1], truncated: false },
  parsed: parseCompletion(text),
});

test('scores format and think of every completion, in the order of the rollout', async () => {
  const manifest: DatasetManifest = {
    name: 'test',
    digest: 'd',
    train: [sample('a', { thought }), sample('b', {})],
    heldOut: [],
    quarantined: [],
  };
  const rollout: Rollout = {
    step: 3,
    groups: [
      {
        sampleId: 'a',
        completions: [
          structuredCompletion(thought, 'A small red circle moves left.'),
          structuredCompletion([{ ...thought[0]!, actions: ['moves right'] }], 'A circle.'),
          `<think>${JSON.stringify(thought)}</think> and then nothing`,
          '<think>not JSON</think><answer>A circle.</answer>',
        ].map(completion),
      },
      { sampleId: 'b', completions: [completion(structuredCompletion(thought, 'A circle.'))] },
    ],
  };
  const progress: number[] = [];
  const { scoreCompletions } = createScoreActivities({
    store,
    home: root,
    onProgress: ({ done }) => progress.push(done),
  });
  const input = {
    ...{ runKey: 'r', step: 3, round: 0, part: 0 },
    rollout: await store.putJson('rollout.json', rollout),
    manifest: await store.putJson('manifest.json', manifest),
    reward: RewardConfig.parse({ think: { similarity: 'token-f1' } }),
  };
  const output = await scoreCompletions(input);
  const { format, think, ...others } = (await withScores(store, output)).scores;
  // What the judge scores is not among them.
  expect(others).toEqual({});
  expect(format).toEqual([[{ value: 1 }, { value: 1 }, { value: 0 }, { value: 0 }], [{ value: 1 }]]);
  expect(think![0]).toEqual([{ value: 1 }, { value: 0.5 }, { value: 1 }, { value: 0 }]);
  expect(think![1]).toEqual([
    {
      unscorable: true,
      reason: expect.stringMatching(/Sample b has no reference thought.*reward\.think\.weight to 0/),
    },
  ]);
  expect(progress).toEqual([0, 1]);
  // Tried again, the activity finds its own output, timing included.
  expect(await scoreCompletions(input)).toEqual(output);

  const more = { length: { min: 2, max: 4, fallOff: 4 }, overlong: { maxTokens: 1, cacheTokens: 1, weight: 0.5 } };
  const { scores } = await withScores(
    store,
    scoreCompletions({ ...input, step: 4, reward: RewardConfig.parse({ ...input.reward, ...more }) }),
  );
  expect(Object.keys(scores)).toEqual(['format', 'think', 'length', 'overlong']);
  // Six words, two, no caption, two; each completion has one token.
  expect(scores.length![0]).toEqual([0.5, 1, 0, 1].map((value) => ({ value })));
  expect(scores.overlong![0]).toEqual([-1, -1, -1, -1].map((value) => ({ value })));
});

test('compares captions with the references, by n-grams of the training captions', async () => {
  const [a, b] = [sample('a', {}), sample('b', { caption: 'A blue square grows.' })];
  const silent = sample('silent', { caption: '...' });
  const manifest: DatasetManifest = {
    ...{ name: 'test', digest: 'd', heldOut: [], quarantined: [] },
    train: [a, b, silent],
  };
  const texts = ['A small red circle moves left.', 'A small red circle grows.', '', 'A cat.'];
  const completions = texts.map((text) => ({ ...completion(text), parsed: parseCompletion(text, 'plain') }));
  const rollout: Rollout = {
    step: 1,
    groups: [
      { sampleId: 'a', completions },
      { sampleId: 'silent', completions },
    ],
  };
  const { scoreCompletions } = createScoreActivities({ store, home: root });
  const input = {
    ...{ runKey: 'r', step: 1, round: 0, part: 0 },
    rollout: await store.putJson('plain.json', rollout),
    manifest: await store.putJson('plain-manifest.json', manifest),
    reward: RewardConfig.parse({ think: { weight: 0 }, rougeL: {}, ciderD: {}, bleu4: {} }),
  };
  const { scores } = await withScores(store, scoreCompletions(input));
  const numbers = (name: string) => scores[name]![0]!.map((score) => ('value' in score ? score.value : undefined));
  expect(scores.format![0]).toEqual([{ value: 1 }, { value: 1 }, { value: 0 }, { value: 1 }]);
  // 4 of 5 and 4 of 6 words are in common: (1 + 1.2^2) P R / (R + 1.2^2 P).
  expect(numbers('rougeL')[0]).toBe(1);
  expect(numbers('rougeL')[1]).toBeCloseTo((2.44 * 0.8 * (4 / 6)) / (4 / 6 + 1.44 * 0.8), 12);
  expect(numbers('rougeL')[2]).toBe(0);
  expect(numbers('ciderD')[0]).toBeCloseTo(10, 9);
  expect(numbers('bleu4')[0]).toBeCloseTo(1, 6);
  for (const name of ['rougeL', 'ciderD', 'bleu4']) {
    const [best, close, nothing, other] = numbers(name) as number[];
    expect(best).toBeGreaterThan(close!);
    expect(close).toBeGreaterThan(other!);
    expect(nothing).toBe(0);
    expect(scores[name]![1]![0]).toEqual({
      unscorable: true,
      reason: naming('sample silent', 'no words'),
    });
  }
  // Once for the data set, beside the manifest.
  const key = keyOf('documentFrequencies', { hash: input.manifest.sha256 });
  const stored = await store.readJson((await store.find(key))!, z.unknown());
  expect(stored).toEqual({ documents: 3, frequencies: [['a', 2]] });
});

test('says how many of the phrases that it compared could only be compared by their characters', async () => {
  const chinese: Thought = [{ subject: '圆', attributes: ['红色'], actions: ['moves left'] }];
  const manifest = { name: 'test', digest: 'd', train: [sample('a', { thought })], heldOut: [], quarantined: [] };
  const text = structuredCompletion(chinese, 'A circle.');
  const rollout = { step: 44, groups: [{ sampleId: 'a', completions: [completion(text), completion(text)] }] };
  const { scoreCompletions } = createScoreActivities({ store, home: root });
  const { compared } = await scoreCompletions({
    ...{ runKey: 'r', step: 44, round: 0, part: 0 },
    rollout: await store.putJson('rollout-4.json', rollout),
    manifest: await store.putJson('manifest-4.json', manifest),
    reward: RewardConfig.parse({ think: { similarity: 'token-f1' } }),
  });
  // 4 phrases of the reference, 3 of each completion, of which 2 are Chinese.
  expect(compared).toEqual({ think: { phrases: 10, byCharacters: 4 } });
});
