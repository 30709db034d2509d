import { expect, test } from 'vitest';
import { z } from 'zod';
import { type Choices, scoreItems, suiteNumbers } from '../../../../benchmarks/suites/score-suite.ts';
import type { Suite, SuiteItem } from '../../../../benchmarks/suites/suite.ts';
import { type CaptionedClip, parseCompletion } from '../../../../core/completion.ts';
import type { LlmClient } from '../../../../judge/client/llm-client.ts';
import type { Question } from '../../../../judge/questions/question.ts';

/** A suite whose captions score how many letters they have, in points. */
const letters: Suite<SuiteItem, number> = {
  name: 'dream1k',
  title: 'Letters',
  source: 'here',
  item: z.strictObject({ id: z.string(), clip: z.string(), video: z.string() }),
  score: z.number(),
  prompts: [],
  quirks: {},
  columns: [{ metric: 'mean', label: 'Mean' }],
  published: [],
  captioning: { frames: {}, maxNewTokens: 1, decoding: {}, source: 'here' },
  instruction: () => 'Describe the video.',
  repeatedPrediction: 'first',
  readAnnotations: async () => [],
  async scoreItem(_, { id }, caption) {
    if (id === 'refused') return { unscorable: true, reason: 'the judge refused to answer' };
    return { answer: caption.length };
  },
  noCaption: () => 0,
  summarise: async (scored) => ({
    metrics: scored.length === 0 ? {} : { mean: scored.reduce((sum, { score }) => sum + score, 0) / scored.length },
    tables: [],
  }),
  describe: () => [],
};
const suite = letters as Suite;
const client: LlmClient = {
  answeredBy: [],
  name: 'never-asked',
  usage: {
    calls: 0,
    cacheHits: 0,
    inputTokens: 0,
    outputTokens: 0,
    cost: 0,
    repeated: 0,
    latencySeconds: { p50: 0, p95: 0, max: 0 },
  },
  ask: () => Promise.reject(new Error('this judge must not be asked')),
};
const PLAIN: Choices = { quirks: new Set(), variants: new Set() };
const itemNamed = (id: string) => ({ id, clip: id, video: `${id}.mp4` });
const captionFor = (sampleId: string, text: string): CaptionedClip => ({
  ...{ sampleId, text, tokens: 1 },
  parsed: parseCompletion(text),
});

test('every item ends as scored, without a caption, unscorable or missing, and only scores are averaged', async () => {
  const items = ['good', 'silent', 'refused', 'lost'].map(itemNamed);
  const prepared = {
    suite: 'dream1k',
    annotations: 'a',
    items,
    missing: [{ clip: 'lost', reason: 'no file' }],
  } as const;
  const captions = [captionFor('good', 'abcd'), captionFor('silent', ''), captionFor('refused', 'abc')];
  const results = await scoreItems(suite, { ...prepared, missing: [...prepared.missing] }, captions, client, {
    ...PLAIN,
    concurrency: 8,
  });
  expect(results).toEqual([
    { ...itemNamed('good'), caption: 'abcd', score: 4 },
    { ...itemNamed('silent'), score: 0 },
    { ...itemNamed('refused'), caption: 'abc', unscorable: 'the judge refused to answer' },
    { ...itemNamed('lost'), missing: 'no file' },
  ]);

  const counts = { items: 4, scored: 2, withoutCaption: 1, unscorable: 1, missing: 1 };
  expect(await suiteNumbers(suite, { items }, results, PLAIN)).toEqual({
    metrics: { mean: 2 },
    worst: { mean: 4 / 3 },
    tables: [],
    counts,
  });
  // Our own variant: what has no caption is not there.
  expect(
    await suiteNumbers(suite, { items }, results, { ...PLAIN, variants: new Set(['leaveOutEmpty'] as const) }),
  ).toEqual({
    metrics: { mean: 4 },
    tables: [],
    counts: { ...counts, scored: 1 },
  });
});

test('items of one clip share its caption, unless there is one for the item itself', async () => {
  const items = ['a', 'b'].map((id) => ({ ...itemNamed(id), clip: 'clip' }));
  const prepared = { suite: 'dream1k' as const, annotations: 'a', items, missing: [] };
  const results = await scoreItems(suite, prepared, [captionFor('clip', 'abc'), captionFor('b', 'abcde')], client, {
    ...PLAIN,
    concurrency: 8,
  });
  expect(results.map(({ score }) => score)).toEqual([3, 5]);
});

test('a fault of the endpoint is thrown only once all who were asked have answered', async () => {
  let answered = false;
  const slow: Suite<SuiteItem, number> = {
    ...letters,
    async scoreItem(_, { id }) {
      if (id === 'bad') throw new Error('the endpoint is away');
      await new Promise((resolve) => setImmediate(resolve));
      answered = true;
      return { answer: 1 };
    },
  };
  const items = ['bad', 'good'].map(itemNamed);
  const captions = items.map(({ id }) => captionFor(id, 'x'));
  const scoring = scoreItems(
    slow as Suite,
    { suite: 'dream1k', annotations: 'a', items, missing: [] },
    captions,
    client,
    { ...PLAIN, concurrency: 8 },
  );
  await expect(scoring).rejects.toThrow('the endpoint is away');
  expect(answered).toBe(true);
});

test('every answered question is progress, long before the first item is done', async () => {
  const asking: Suite = {
    ...suite,
    async scoreItem(client) {
      for (let i = 0; i < 3; i++) await client.ask({} as Question<unknown>);
      return { answer: 1 };
    },
  };
  const items = ['a', 'b'].map(itemNamed);
  const seen: string[] = [];
  await scoreItems(
    asking,
    { suite: 'dream1k', annotations: 'a', items, missing: [] },
    items.map(({ id }) => captionFor(id, 'a cat')),
    { ...client, ask: async () => ({ answer: undefined as never }) },
    {
      ...PLAIN,
      concurrency: 1,
      onProgress: ({ done, total, answers }) => seen.push(`${done}/${total}, ${answers} answers`),
    },
  );
  expect(seen.slice(0, 3)).toEqual(['0/2, 1 answers', '0/2, 2 answers', '0/2, 3 answers']);
  expect(seen.at(-1)).toBe('2/2, 6 answers');
});

test.each([
  // Sixteen for each question that the judge takes at a time, so that it never waits.
  [8, 128],
  [512, 512],
])(
  'thousands of items wait for their turn: with %d questions at a time %d of them ask',
  async (concurrency, expected) => {
    let asking = 0;
    let most = 0;
    const counting: Suite = {
      ...suite,
      async scoreItem() {
        most = Math.max(most, ++asking);
        await new Promise((resolve) => setImmediate(resolve));
        asking--;
        return { answer: 1 };
      },
    };
    const items = Array.from({ length: 5000 }, (_, i) => itemNamed(`${i}`));
    const captions = items.map(({ id }) => captionFor(id, 'a cat'));
    const prepared = { suite: 'dream1k' as const, annotations: 'a', items, missing: [] };
    const results = await scoreItems(counting, prepared, captions, client, { ...PLAIN, concurrency });
    expect(results.map(({ id, score }) => [id, score])).toEqual(items.map(({ id }) => [id, 1]));
    expect(most).toBe(expected);
  },
);
