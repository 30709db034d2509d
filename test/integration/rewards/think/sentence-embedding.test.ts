import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { actionText } from '../../../../datasets/shapes/describe.ts';
import { COLOURS, PAIR_ACTIONS, SHAPES, SIZES, SOLO_ACTIONS } from '../../../../judge/rule-based/shapes-vocabulary.ts';
import { embeddingModelFolder } from '../../../../rewards/think/embedding-model.ts';
import { SentenceEmbedding } from '../../../../rewards/think/sentence-embedding.ts';
import { ThinkConfig } from '../../../../rewards/think.ts';
import { readSettings } from '../../../../workers/settings.ts';

const { subjectThreshold, itemThreshold } = ThinkConfig.parse({});
const model = new SentenceEmbedding(readSettings().home);
afterAll(() => model.close());

async function compare(a: string, b: string): Promise<number> {
  return (await model.prepare([a, b]))(a, b);
}

describe('similarities of the sentence-embedding model', () => {
  test.each([
    ['moves left', 'Moves left.', 1, 1],
    ['walks down the street', 'walking down the street', itemThreshold - 0.01, 1],
    ['opens the door', 'opens a door', itemThreshold, 1],
    ['man', 'a man', subjectThreshold, 1],
    ['circle', 'a red circle', subjectThreshold, 1],
    ['man', 'woman', 0, subjectThreshold],
    // Cosine is blind to opposites: these two lines are why thresholds cannot tell meanings apart.
    ['moves left', 'moves right', 0.81, 0.84],
    ['moves left', 'slides to the left', 0.78, 0.81],
    ['moves left', '', 0, 0],
  ])('%j and %j lie in [%d, %d]', async (a, b, low, high) => {
    const found = await compare(a, b);
    expect(found).toBeGreaterThanOrEqual(low);
    expect(found).toBeLessThanOrEqual(high);
    expect(await compare(b, a)).toBe(found);
  });

  test('the default thresholds keep apart whatever the small world keeps apart', async () => {
    const targets = COLOURS.flatMap((colour) => SHAPES.map((shape) => ({ colour, shape })));
    const actions = [
      ...SOLO_ACTIONS,
      ...PAIR_ACTIONS.flatMap((action) => targets.map((target) => actionText({ action, target }))),
    ];
    const attributes = [...COLOURS, ...SIZES];
    const similarity = await model.prepare([...actions, ...attributes, ...SHAPES]);
    const highest = (phrases: readonly string[]) =>
      Math.max(...phrases.flatMap((a, i) => phrases.slice(i + 1).map((b) => similarity(a, b))));
    expect(highest(SHAPES)).toBeLessThan(subjectThreshold);
    expect(highest(attributes)).toBeLessThan(itemThreshold);
    expect(highest(actions)).toBeLessThan(itemThreshold);
  });

  test('a similarity does not depend on what else is compared', async () => {
    const fresh = new SentenceEmbedding(readSettings().home);
    const alone = (await fresh.prepare(['a dog runs', 'a cat jumps']))('a dog runs', 'a cat jumps');
    await fresh.close();
    const among = await model.prepare(['x', 'a cat jumps', 'something quite long and different', 'a dog runs']);
    expect(among('a dog runs', 'a cat jumps')).toBe(alone);
  });

  test('a very long phrase is read to its limit', async () => {
    expect(await compare('red '.repeat(5000), 'red')).toBeGreaterThan(0.3);
  });
});

test('the calling thread keeps ticking while phrases are embedded', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  await model.prepare(Array.from({ length: 64 }, (_, i) => `phrase number ${i} about something that moves`));
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(10);
});

test('an aborted call ends with the abort', async () => {
  await expect(model.prepare(['something new'], AbortSignal.abort())).rejects.toThrow(/abort/i);
});

test('a closed model starts again when it is needed', async () => {
  await compare('one', 'two');
  await model.close();
  expect(await compare('three', 'four')).toBeGreaterThan(0);
});

describe('without the right files', () => {
  async function withHome(prepare: (folder: string) => Promise<void>) {
    const home = await mkdtemp(join(tmpdir(), 'videocap-model-'));
    await mkdir(embeddingModelFolder(home), { recursive: true });
    await prepare(embeddingModelFolder(home));
    const broken = new SentenceEmbedding(home);
    const failure = await broken.prepare(['red']).catch((error: Error) => error);
    await broken.close();
    await rm(home, { recursive: true });
    return failure;
  }

  test('a missing model is named, with both ways out', async () => {
    expect(await withHome(async () => {})).toMatchObject({
      name: 'VideocapError',
      code: 'MissingTool',
      message: expect.stringMatching(/tokenizer\.json is missing.*quickstart.*token-f1/),
    });
  });

  test('a model of other content is refused', async () => {
    const other = (folder: string) => writeFile(join(folder, 'tokenizer.json'), '{}');
    expect(await withHome(other)).toMatchObject({
      code: 'CorruptArtifact',
      message: expect.stringMatching(/tokenizer\.json.*sha256.*expected d241a60d/),
    });
  });
});
