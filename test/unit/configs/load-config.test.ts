import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configNames, loadConfig, parseConfig } from '../../../configs/load-config.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { refusal } from '../../refusal.ts';

const at = { file: 'lab.yaml', folder: '/lab' };
const parse = (text: string, overrides: Record<string, unknown> = {}) => parseConfig(text, { ...at, overrides });
const refuses = (text: string, ...named: string[]) =>
  expect(() => parse(text)).toThrow(refusal('InvalidConfig', ...named));

describe('loadConfig', () => {
  it('reads every config that ships', async () => {
    const published = ['qwen25vl-7b', 'qwen2vl-7b', 'qwen2vl-7b-lora', 'qwen3vl-8b'].map(
      (model) => `videocap-r1-${model}`,
    );
    expect(await configNames()).toEqual(['bench-api', 'quickstart', 'sft', ...published]);
    for (const name of await configNames()) expect((await loadConfig(name)).name).toBe(name);
    const examples = ['own-data', 'local-judge', 'gspo'];
    for (const name of examples) expect((await loadConfig(`configs/examples/${name}.yaml`)).name).toBe(name);
  });

  it('takes a name, changes by dotted key, and leaves the rest as it is', async () => {
    const plain = await loadConfig('quickstart');
    const changed = await loadConfig('quickstart', { 'algorithm.steps': 3, 'algorithm.optimizer.learningRate': 1e-4 });
    expect(changed.algorithm).toEqual({
      ...plain.algorithm,
      steps: 3,
      optimizer: { ...plain.algorithm.optimizer, learningRate: 1e-4 },
    });
    expect({ ...changed, algorithm: plain.algorithm }).toEqual(plain);
  });

  it('changes the algorithm with the whole section, since the fields of another kind do not fit', async () => {
    const { algorithm } = await loadConfig('quickstart', { algorithm: { kind: 'sft', steps: 6 } });
    expect(algorithm).toMatchObject({ kind: 'sft', steps: 6, samplesPerStep: 32 });
    await expect(loadConfig('quickstart', { 'algorithm.kind': 'sft' })).rejects.toThrow(
      refusal('InvalidConfig', 'algorithm.beta', 'kind sft', "--set 'algorithm={kind: sft}'"),
    );
  });

  it('reads a path, and finds its dataset and model beside it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'videocap-config-'));
    await writeFile(
      join(folder, 'own.yaml'),
      'dataset: { kind: jsonl, train: data/train.jsonl, heldOut: /elsewhere/held-out.jsonl }\npolicy: { model: ' +
        './model }\n',
    );
    const config = await loadConfig(join(folder, 'own.yaml'));
    expect(config.dataset).toMatchObject({
      train: join(folder, 'data/train.jsonl'),
      heldOut: '/elsewhere/held-out.jsonl',
    });
    expect(config.policy.model).toBe(join(folder, 'model'));
  });
});

describe('parseConfig', () => {
  it('gives the defaults for an empty file', () => {
    expect(parseConfig('# nothing yet\n', at)).toEqual(ExperimentConfig.parse({}));
  });

  it('takes training files to mix, relative to the config', () => {
    const { dataset } = parseConfig(
      'dataset: { kind: jsonl, train: [{ path: a.jsonl, weight: 3 }, { path: /b.jsonl }], heldOut: h.jsonl }',
      { ...at, folder: '/data' },
    );
    expect(dataset).toMatchObject({
      train: [
        { path: '/data/a.jsonl', weight: 3 },
        { path: '/b.jsonl', weight: 1 },
      ],
    });
  });

  it('names every fault of a config, with its place, field and value', () => {
    refuses('algorithm: { kind: grpo, steps: many, clipLow: 1 }', '1:26: algorithm.steps is "many"', '\n');
    refuses('algorithm: { kind: grpo, steps: many, clipLow: 1 }', '\n', '1:39: algorithm.clipLow is 1');
    refuses('judge:\n  kind: llm\n  baseUrl: somewhere\n', '3:3: judge.baseUrl is "somewhere"', '1:1: judge.model');
    refuses('reward:\n  caption:\n    thresholds: [0.2, high]\n', '3:23: reward.caption.thresholds[1]', '"high"');
  });

  it('suggests the field that was meant', () => {
    refuses('algorithm:\n  kind: grpo\n  beta: 0.1\n  stepz: 10\n', '4:3: algorithm.stepz', '"steps"');
    refuses('learningRate: 0.1\n', '1:1: learningRate', '"algorithm.optimizer.learningRate"');
  });

  it('refuses no values that are only unusual', () => {
    expect(() => parse('reward: { caption: { thresholds: [0.3, 0.3] } }')).not.toThrow();
    const ratings = 'reward: { caption: { variant: completeness-naturalness } }';
    refuses(ratings, 'reward.caption.variant', '"completeness-naturalness"', 'judge.kind to llm');
    expect(() => parse(`${ratings}\njudge: { kind: llm, model: m }`)).not.toThrow();
  });

  it('checks the published benchmarks of a run, and finds their files beside it', () => {
    const suites = 'benchmark: { suites: [{ suite: dream1k, annotations: d/DREAM-1k.jsonl, videos: /v }] }';
    const llm = 'judge: { kind: llm, model: m }';
    refuses(suites, 'judge.kind', 'benchmark.suites');
    refuses(`${llm}\n${suites.replace('dream1k', 'dream2k')}`, '2:25: benchmark.suites[0].suite', '"dream2k"');
    const twice = suites.replace('[{', '[{ suite: dream1k, annotations: a, videos: v }, {');
    refuses(`${llm}\n${twice}`, '2:14: benchmark.suites is [{"suite":"dream1k"', '{"suite":"dream1k"');
    expect(parseConfig(`${llm}\n${suites}`, at).benchmark.suites).toEqual([
      { suite: 'dream1k', annotations: '/lab/d/DREAM-1k.jsonl', videos: '/v', quirks: [] },
    ]);
    const captioned = (captioning: string) =>
      `${llm}\n${suites.replace('videos:', `captioning: ${captioning}, videos:`)}`;
    expect(parseConfig(captioned('{ frames: { count: 4 }, maxNewTokens: 9 }'), at).benchmark.suites[0]).toMatchObject({
      captioning: { like: 'authors', frames: { count: 4 }, maxNewTokens: 9 },
    });
    refuses(captioned('{ frames: { count: 5 } }'), '2:96', 'benchmark.suites[0].captioning.frames.count is 5');
    refuses(captioned('{ like: me }'), '2:86', 'benchmark.suites[0].captioning.like is "me"', 'authors, run');
    const unknown = [
      'benchmark.suites[0].captioning.frame is not',
      'did you mean "frames"?',
      'captioning: like, prompt,',
    ];
    refuses(captioned('{ frame: { count: 4 } }'), '2:86', ...unknown);
    const variant = ['benchmark.suites[0].variants[0] is "leaveOutFailed"', 'leaveOutEmpty, answerOnly'];
    refuses(`${llm}\n${suites.replace('videos:', 'variants: [leaveOutFailed], videos:')}`, '2:83', ...variant);
  });

  it('says when an override is to blame', () => {
    const override = (overrides: Record<string, unknown>) => () => parse('algorithm: { kind: grpo }', overrides);
    const blames = (key: string, field: string) => refusal('InvalidConfig', `override ${key}`, field);
    expect(override({ 'algorithm.steps': 'ten' })).toThrow(blames('algorithm.steps="ten"', 'algorithm.steps is "ten"'));
    expect(override({ 'algorithm.stepz': 10 })).toThrow(blames('algorithm.stepz=10', 'algorithm.stepz'));
    expect(override({ 'algorithm..steps': 1 })).toThrow(refusal('InvalidConfig', '"algorithm..steps"'));
  });
});

it("a model hub's name stays one, and any other path is that of a folder beside the file", () => {
  const modelOf = (model: string) =>
    parseConfig(`policy: { model: ${model} }`, { file: 'lab.yaml', folder: '/lab' }).policy.model;
  expect(modelOf('Qwen/Qwen2-VL-2B-Instruct')).toBe('Qwen/Qwen2-VL-2B-Instruct');
  expect(modelOf('./models/mine')).toBe('/lab/models/mine');
});
