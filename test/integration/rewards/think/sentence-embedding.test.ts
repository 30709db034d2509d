import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { actionText } from '../../../../datasets/shapes/describe.ts';
import { COLOURS, PAIR_ACTIONS, SHAPES, SIZES, SOLO_ACTIONS } from '../../../../judge/rule-based/shapes-vocabulary.ts';
import { embeddingModelFolder } from '../../../../rewards/think/installed-model.ts';
import { SentenceEmbedding } from '../../../../rewards/think/sentence-embedding.ts';
import { ThinkConfig, think } from '../../../../rewards/think.ts';
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
    // A sign or a number that differs: the model hardly sees it.
    ['-10 degrees', '10 degrees', 0, 0.5],
    ['drops by 5', 'drops by -5', 0, 0.5],
    ['3 people', '30 people', 0, 0.5],
    ['+5 kg', '5.0 kg', 0.9, 1],
    // Two parts that exchange their places: cosines of 0.97 and more.
    ['dog bites man', 'man bites dog', 0, 0.3],
    ['moves from left to right', 'moves from right to left', 0, 0.5],
    ['el perro muerde al hombre', 'el hombre muerde al perro', 0, 0.5],
    ['a man and a dog', 'a dog and a man', itemThreshold, 1],
    ['- brown', '**brown**', 1, 1],
    ['', '', 0, 0],
    ['?', '?', 1, 1],
    ['...', '…', 1, 1],
    ['?', '!', 0, 0],
    ['?', 'moves left', 0, 0],
  ])('%j and %j are in [%d, %d]', async (a, b, low, high) => {
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

describe('words that the model does not know', () => {
  test.each([
    ['Chinese', '红色', '蓝色', 0, 0.3],
    ['Chinese that its vocabulary quotes', '日本', '中国', 0, 0.3],
    ['half of it unknown', '一个男人', '一个女人', 0, 0.5],
    ['Japanese', '犬', '猫', 0, 0],
    ['Korean', '개', '고양이', 0, 0],
    ['Cyrillic, which it spells', 'собака', 'кошка', 0, 0.5],
    ['Arabic', 'كلب', 'قطة', 0, 0.3],
    ['Hindi', 'कुत्ता', 'बिल्ली', 0, 0.5],
    ['emoji', '🐶', '🐱', 0, 0],
    ['an emoji in English', 'dog 🐶', 'dog 🐱', 0, 0.5],
    ['one unknown word in English', 'the man in 红 shirt', 'the man in 蓝 shirt', 0.5, 0.8],
    ['a word that both share', 'walks to 北京', 'strolls to 北京', 0.9, 0.97],
    ['words that are too long', 'x'.repeat(120), 'y'.repeat(120), 0, 0],
    ['unknown punctuation', '‽', '⸮', 0, 0],
    ['an English word and a Chinese one', 'dog', '狗', 0, 0],
    ['nothing', '', '狗', 0, 0],
  ])('%s: %j and %j are in [%d, %d], and each is itself', async (_, a, b, low, high) => {
    const found = await compare(a, b);
    expect(found).toBeGreaterThanOrEqual(low);
    expect(found).toBeLessThanOrEqual(high);
    expect(await compare(b, a)).toBe(found);
    expect(await compare(b, b)).toBe(1);
  });

  test.each([
    // Every one of these words is two unknown tokens to the model.
    ['Chinese, all of it unknown', ['猫咪', '红色', '灰暗', '跳跃', '睡觉'], ['狗狗', '蓝色', '绿色', '奔跑', '吃饭']],
    ['Chinese', ['男人', '高', '红色上衣', '走路', '向左移动'], ['狗', '小', '蓝色帽子', '跳跃', '睡觉']],
    ['Russian', ['мужчина', 'высокий', 'рыжий', 'идёт', 'машет'], ['собака', 'маленькая', 'чёрная', 'лает', 'спит']],
    ['Arabic', ['رجل', 'طويل', 'أحمر', 'يمشي', 'يلوح'], ['كلب', 'صغير', 'أسود', 'ينبح', 'ينام']],
    ['emoji', ['👨', '🔴', '📏', '🚶', '👋'], ['🐶', '⚫', '🤏', '😴', '🔊']],
  ])('a completely wrong analysis in %s is worth 0, the right one 1', async (_, truth, wrong) => {
    const thought = ([subject, a, b, c, d]: string[]) => [
      { subject: subject!, attributes: [a!, b!], actions: [c!, d!] },
    ];
    const completion = (words: string[]) => ({ wellFormed: true, thought: thought(words), caption: '' });
    const sample = { id: 's', video: { path: '/v', sha256: '', bytes: 1 }, caption: '', thought: thought(truth) };
    const compared: unknown[] = [];
    const scores = await think.score(
      { sample, completions: [completion(wrong), completion(truth)] },
      ThinkConfig.parse({}),
      {
        similarity: () => model,
        onCompared: (...one) => void compared.push(one),
        documentFrequencies: () => Promise.reject(),
      },
    );
    expect(scores).toEqual([{ value: 0 }, { value: 1 }]);
    expect(compared).toEqual([['think', { phrases: 15, byCharacters: 15 }]]);
  });

  test.each([
    ['Vietnamese', 'người bán', 'người bạn'],
    ['Vietnamese, one side without a mark', 'cá', 'ca'],
    ['Vietnamese, a letter that has no mark', 'đen', 'đèn'],
    ['German', 'zählen', 'zahlen'],
    ['German, among words that are read', 'der Hund wird zählen', 'der Hund wird zahlen'],
    ['Spanish', 'año', 'ano'],
    ['Portuguese', 'avô', 'avó'],
    ['Turkish', 'oldu', 'öldü'],
    ['Swedish', 'får', 'far'],
    ['French', 'pêcheur', 'pécheur'],
    ['a digit', '2个穿着白色衬衫的男人站着', '6个穿着白色衬衫的男人站着'],
    ['an English word', '一名穿 red 衣服的男人', '一名穿 blue 衣服的男人'],
    ['a digit in Thai', '2 คน', '9 คน'],
    ['a digit in a short phrase', '3个男人', '5个男人'],
    ['a sign', '温度为-10度', '温度为10度'],
    ['a letter', 'A队的球员在跑', 'B队的球员在跑'],
    ['a number with one unknown word', '100只', '900只'],
    ['the place of a long vowel', 'コート', 'コトー'],
  ])('%s: %j and %j are different subjects', async (_, a, b) => {
    const byCharacters = (await model.prepare([a, b])).byCharacters!;
    expect(await compare(a, b)).toBeLessThan(subjectThreshold);
    expect(await compare(b, a)).toBe(await compare(a, b));
    expect(await compare(a, a.normalize('NFD'))).toBe(1);
    expect(Math.max(byCharacters(a), byCharacters(b))).toBeGreaterThan(0);
  });

  test('of the small world, nothing is compared by characters', async () => {
    const phrases = [...SOLO_ACTIONS, ...COLOURS, ...SIZES, ...SHAPES, "the man's T-shirt, 3.5 m wide"];
    const { byCharacters } = await model.prepare(phrases);
    expect(phrases.filter((phrase) => byCharacters!(phrase) > 0)).toEqual([]);
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
      message: expect.stringMatching(/tokenizer\.json is missing.*setup --worker.*token-f1/),
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
