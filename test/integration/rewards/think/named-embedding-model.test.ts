import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pinnedReward } from '../../../../activities/pinned-reward.ts';
import { scoringTools } from '../../../../activities/scoring-tools.ts';
import { parseConfig } from '../../../../configs/load-config.ts';
import { changedConfig } from '../../../../contracts/run-config.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { RewardConfig } from '../../../../rewards/registry.ts';
import { measureOf } from '../../../../rewards/think/graded-by.ts';
import { embeddingModelFolder } from '../../../../rewards/think/installed-model.ts';
import { SentenceEmbedding } from '../../../../rewards/think/sentence-embedding.ts';
import { ThinkConfig, think } from '../../../../rewards/think.ts';
import { readSettings } from '../../../../workers/settings.ts';
import { lookUpGraph, wordTokenizer, writeSmallModel } from './small-embedding-model.ts';

const { home } = readSettings();
const GROUPS = [
  ['男人', '男子', '男士'],
  ['走路', '行走'],
  ['睡觉', '入睡'],
  ['高大', '魁梧'],
];
let folder: string;
const at = (name: string) => join(folder, name);
const open: SentenceEmbedding[] = [];
const model = (name: string) => {
  const one = new SentenceEmbedding({ folder: at(name) });
  open.push(one);
  return one;
};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-embedding-'));
  await writeSmallModel(at('chinese'), GROUPS);
});
afterAll(async () => {
  for (const one of open) await one.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a model that a config names', () => {
  test('reads words that the English one cannot, and what it cannot read is compared by characters', async () => {
    const compare = await model('chinese').prepare(['男人', '男子', '睡觉', '狗狗', '猫咪', 'man']);
    expect(compare('男人', '男子')).toBe(1);
    expect(compare('男人', '睡觉')).toBe(0);
    expect(compare('狗狗', '猫咪')).toBe(0);
    expect(['男人', '狗狗', 'man'].map((phrase) => compare.byCharacters!(phrase))).toEqual([0, 1, 1]);
  });

  test('grades an analysis: synonyms are right, other words wrong', async () => {
    const thought = (subject: string, attribute: string, action: string) => [
      { subject, attributes: [attribute], actions: [action] },
    ];
    const sample = {
      ...{ id: 's', video: { path: '/v', sha256: '', bytes: 1 }, caption: '' },
      thought: thought('男人', '高大', '走路'),
    };
    const completions = [
      thought('男子', '魁梧', '行走'),
      thought('男子', '魁梧', '睡觉'),
      thought('男人', '走路', '高大'),
    ].map((one) => ({ wellFormed: true, thought: one, caption: '' }));
    const named = RewardConfig.parse({ embeddingModel: { folder: at('chinese') } });
    const reward = await pinnedReward({ home }, named);
    const store = new ArtifactStore(at('store'));
    const manifest = { uri: 'none', sha256: '0'.repeat(64), bytes: 1 };
    const tools = scoringTools({ store, home, signal: undefined }, { manifest, reward });
    const scores = await think.score({ sample, completions }, ThinkConfig.parse({}), tools);
    expect(scores).toEqual([{ value: 1 }, { value: 0.5 }, { value: 0 }]);
    await (tools.similarity('sentence-embedding') as SentenceEmbedding).close();
  });

  test('is named with its hash, which a run keeps and a fork takes anew', async () => {
    const config = parseConfig('reward: { embeddingModel: { folder: chinese } }', { file: 'my.yaml', folder });
    expect(config.reward.embeddingModel).toEqual({ folder: at('chinese') });
    const reward = await pinnedReward({ home }, config.reward);
    const { sha256 } = reward.embeddingModel!;
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    const name = `chinese (sha256 ${sha256!.slice(0, 12)})`;
    expect(measureOf(reward)).toEqual({ think: name, embedding: name });
    expect(changedConfig('r', { ...config, reward }, {}).reward.embeddingModel).toEqual({ folder: at('chinese') });

    await cp(at('chinese'), at('changed'), { recursive: true });
    await writeFile(at('changed/tokenizer.json'), JSON.stringify(wordTokenizer(['男人', '女人'])));
    const changed = { folder: at('changed'), sha256: sha256! };
    const insists = { code: 'InvalidConfig', message: expect.stringContaining(`insists on ${sha256}`) };
    await expect(pinnedReward({ home }, { ...reward, embeddingModel: changed })).rejects.toMatchObject(insists);
    const later = new SentenceEmbedding(changed);
    open.push(later);
    await expect(later.prepare(['男人'])).rejects.toMatchObject({
      code: 'InvalidModel',
      message: expect.stringContaining(`insists on ${sha256}: restore them`),
    });
    const changedTokenizer = await readFile(at('changed/tokenizer.json'));
    await cp(at('chinese/tokenizer.json'), at('changed/tokenizer.json'));
    expect((await later.prepare(['男人', '男子']))('男人', '男子')).toBe(1);

    // A thread that took the place of another opens the files anew.
    await later.close();
    await writeFile(at('changed/tokenizer.json'), changedTokenizer);
    await expect(later.prepare(['睡觉'])).rejects.toMatchObject({ code: 'InvalidModel' });
  });

  test('may be one of sentence-transformers, whose pooling its folder states', async () => {
    const named = at('all-in-one');
    await mkdir(join(named, 'onnx'), { recursive: true });
    await mkdir(join(named, '1_Pooling'));
    await cp(join(embeddingModelFolder(home), 'model.onnx'), join(named, 'onnx', 'model.onnx'));
    await cp(join(embeddingModelFolder(home), 'tokenizer.json'), join(named, 'tokenizer.json'));
    const pooling = (mode: object) => writeFile(join(named, '1_Pooling', 'config.json'), JSON.stringify(mode));
    const likeness = async (one: SentenceEmbedding) =>
      (await one.prepare(['moves left', 'slides to the left']))('moves left', 'slides to the left');
    const installed = new SentenceEmbedding(home);
    open.push(installed);
    const expected = await likeness(installed);
    await pooling({ pooling_mode_cls_token: true, pooling_mode_mean_tokens: false });
    expect(await likeness(model('all-in-one'))).toBe(expected);
    await pooling({ pooling_mode_cls_token: false, pooling_mode_mean_tokens: true });
    const mean = await likeness(model('all-in-one'));
    expect(mean).not.toBe(expected);
    expect(Math.abs(mean - expected)).toBeLessThan(0.15);
  });

  test('may give an embedding of the whole text itself', async () => {
    await writeSmallModel(at('whole'), GROUPS);
    const numbers = { vectors: [[3, 4]], input: 'input_ids', output: 'sentence_embedding' };
    await writeFile(at('whole/model.onnx'), lookUpGraph(numbers.vectors, numbers.input, numbers.output));
    // Every token is the unknown one: a vector of length 5.
    await writeFile(at('whole/tokenizer.json'), JSON.stringify(wordTokenizer([])));
    expect(await model('whole').identify()).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('a folder that is no such model is refused before the run begins, with what is wrong:', () => {
  const refused = (name: string, reason: RegExp) =>
    expect(pinnedReward({ home }, RewardConfig.parse({ embeddingModel: { folder: at(name) } }))).rejects.toMatchObject({
      code: 'InvalidModel',
      message: expect.stringMatching(reason),
    });
  const broken = async (name: string, change: (path: string) => Promise<unknown> | unknown) => {
    await writeSmallModel(at(name), GROUPS);
    await change(at(name));
  };

  test('there is none', () => refused('gone', /gone .*no such folder/));

  test.each<[string, RegExp, (path: string) => Promise<unknown> | unknown]>([
    ['no graph', /it has neither model\.onnx nor/, (path) => rm(join(path, 'model.onnx'))],
    ['no tokenizer', /tokenizer\.json does not exist/, (path) => rm(join(path, 'tokenizer.json'))],
    [
      'a graph of other bytes',
      /onnxruntime does not open its graph/,
      (path) => writeFile(join(path, 'model.onnx'), 'x'),
    ],
    [
      'a graph in Git LFS',
      /model\.onnx only points at a file in Git LFS/,
      (path) => writeFile(join(path, 'model.onnx'), 'version https://git-lfs.github.com/spec/v1\n'),
    ],
    [
      'a pipe as a graph',
      /model\.onnx is a pipe, not a file/,
      async (path) => {
        await rm(join(path, 'model.onnx'));
        execFileSync('mkfifo', [join(path, 'model.onnx')]);
      },
    ],
    ['a tokenizer that is a list', /is no JSON object/, (path) => writeFile(join(path, 'tokenizer.json'), '[]')],
    ['a tokenizer without a model', /its tokenizer/, (path) => writeFile(join(path, 'tokenizer.json'), '{}')],
    [
      'a graph of pictures',
      /its graph takes "pixels"/,
      (path) => writeFile(join(path, 'model.onnx'), lookUpGraph([[1]], 'pixels')),
    ],
    [
      'a graph without the tokens',
      /its graph fails on a text/,
      (path) => writeFile(join(path, 'model.onnx'), lookUpGraph([])),
    ],
    [
      'numbers that are none',
      /its embedding of a text is no direction/,
      (path) => writeFile(join(path, 'model.onnx'), lookUpGraph(Array(200).fill([Number.NaN]))),
    ],
    [
      'a pooling that is not known',
      /asks for a pooling/,
      async (path) => {
        await mkdir(join(path, '1_Pooling'));
        await writeFile(join(path, '1_Pooling', 'config.json'), '{"pooling_mode_lasttoken": true}');
      },
    ],
    [
      'an expression that never ends',
      /its tokenizer takes more than 5 s for a text/,
      (path) => {
        const pre_tokenizer = { type: 'Split', pattern: { Regex: '(a|a|aa| |r|e|d|c|i|l)*b' }, behavior: 'Isolated' };
        const endless = { ...wordTokenizer([]), pre_tokenizer, normalizer: replaced('^.*$', 'a'.repeat(60)) };
        return writeFile(join(path, 'tokenizer.json'), JSON.stringify(endless));
      },
    ],
  ])('%s', async (name, reason, change) => {
    await broken(basename(name), change);
    await refused(basename(name), reason);
  });
});

const replaced = (Regex: string, content: string) => ({ type: 'Replace', pattern: { Regex }, content });
