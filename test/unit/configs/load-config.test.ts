import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configNames, loadConfig, parseConfig } from '../../../configs/load-config.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';

const at = { file: 'lab.yaml', folder: '/lab' };

function errorOf(text: string, overrides?: Record<string, unknown>): string {
  try {
    parseConfig(text, { ...at, ...(overrides && { overrides }) });
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return 'no error';
}

describe('an optional reward', () => {
  const reward = (section: string) => errorOf(`reward: { ${section} }`);

  it('says which of its fields are missing', () => {
    expect(reward('overlong: {}')).toMatchInlineSnapshot(`
      "InvalidConfig: lab.yaml:1:11: reward.overlong.maxTokens is missing; set a number.
      lab.yaml:1:11: reward.overlong.cacheTokens is missing; set a number."
    `);
    expect(reward('overlong: { maxTokens: 8, cacheTokens: 9 }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:37: reward.overlong.cacheTokens is 9; set at most maxTokens: the penalty grows over the last cacheTokens of them."`,
    );
    expect(reward('length: { min: 9, max: 8, fallOff: 1 }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:29: reward.length.max is 8; set at least min: lengths from min to max are wanted."`,
    );
    expect(reward('length: { min: 9, max: 18, falloff: 1 }')).toMatchInlineSnapshot(`
      "InvalidConfig: lab.yaml:1:11: reward.length.fallOff is missing; set a number.
      lab.yaml:1:38: reward.length.falloff is not a known field (did you mean "fallOff"?). Fields of reward.length: weight, unit, min, max, fallOff."
    `);
  });
});

describe('loadConfig', () => {
  it('reads every config that ships', async () => {
    expect(await configNames()).toEqual(['quickstart', 'sft']);
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
      /algorithm\.beta is not a known field.*of kind sft: .* set the whole section: --set 'algorithm=\{kind: sft\}'/,
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

  it('says which names there are', async () => {
    await expect(loadConfig('quickstrat')).rejects.toThrowErrorMatchingInlineSnapshot(
      `[VideocapError: There is no config "quickstrat" (did you mean "quickstart"?). Known: quickstart, sft; or give the path of a YAML file.]`,
    );
    await expect(loadConfig('/nowhere/lab.yaml')).rejects.toThrowErrorMatchingInlineSnapshot(
      `[VideocapError: Config file /nowhere/lab.yaml does not exist; give the path of a YAML file, or a name such as "quickstart".]`,
    );
  });
});

describe('parseConfig', () => {
  it('gives the defaults for an empty file', () => {
    expect(parseConfig('# nothing yet\n', at)).toEqual(ExperimentConfig.parse({}));
  });

  it('takes training files to mix, relative to the config, and says what is wrong with them', () => {
    const { dataset } = parseConfig(
      'dataset: { kind: jsonl, train: [{ path: a.jsonl, weight: 2 }, { path: /b.jsonl }], heldOut: h.jsonl }',
      { ...at, folder: '/data' },
    );
    expect(dataset).toMatchObject({
      train: [
        { path: '/data/a.jsonl', weight: 2 },
        { path: '/b.jsonl', weight: 1 },
      ],
    });
    const wrong = (train: string) => errorOf(`dataset: { kind: jsonl, train: ${train}, heldOut: h }`);
    expect(wrong('[{ path: a, weight: 0 }]')).toMatch(
      /dataset\.train\[0\]\.weight is 0; set a number of at least 0\.000001/,
    );
    expect(wrong('[{ path: a }, { path: a }]')).toMatch(/name every file once/);
    expect(wrong('[{ pth: a }]')).toMatch(
      /set the path of a JSONL file, or a list of them such as \[\{ path: a\.jsonl/,
    );
    expect(wrong('7')).toMatch(/dataset\.train is 7; set the path of a JSONL file, or a list/);
  });

  it('says what a checkpoint of a run and a best checkpoint need', () => {
    expect(errorOf('policy: { model: "run:a@b" }')).toMatch(/policy\.model is "run:a@b"; write run:KEY@STEP/);
    expect(errorOf('checkpoints: { best: { metric: eventF1, mode: most } }')).toMatch(
      /checkpoints\.best\.mode is "most"; set one of max, min/,
    );
    expect(errorOf('checkpoints: { best: { metric: eventF1 } }\nbenchmark: { everySteps: 0 }')).toMatch(
      /benchmark\.everySteps is 0; set a number above 0: checkpoints\.best/,
    );
  });

  it('points at broken YAML', () => {
    expect(errorOf('algorithm:\n  steps: [1\nname: x\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:3:1: Flow sequence in block collection must be sufficiently indented and end with a ]. Correct the YAML there."`,
    );
    expect(errorOf('- grpo\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:1: a config is a mapping such as "seed: 2", not ["grpo"]."`,
    );
  });

  it('suggests the field that was meant', () => {
    expect(errorOf('algorithm:\n  kind: grpo\n  beta: 0.1\n  stepz: 10\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:4:3: algorithm.stepz is not a known field (did you mean "steps"?). Fields of algorithm of kind grpo: kind, steps, samplesPerStep, iterations, beta, refreshReferenceEvery, clipLow, clipHigh, aggregation, scaleRewards, skipUniformGroups, dynamicSampling, optimizer."`,
    );
    expect(errorOf('learningRate: 0.1\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:1: learningRate is not a known field (did you mean "algorithm.optimizer.learningRate"?). Sections: name, seed, dataset, frames, policy, prompt, algorithm, sampling, reward, judge, checkpoints, benchmark."`,
    );
    expect(errorOf('dataset: { kind: jsonl, train: a, heldOut: b, trainSamples: 3 }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:47: dataset.trainSamples is not a known field. Fields of dataset of kind jsonl: kind, train, heldOut, maxBadSamples."`,
    );
    expect(errorOf('algorithm: { kind: grpo }', { 'algorithm.stepz': 10 })).toMatchInlineSnapshot(
      `"InvalidConfig: override algorithm.stepz=10: algorithm.stepz is not a known field (did you mean "steps"?). Fields of algorithm of kind grpo: kind, steps, samplesPerStep, iterations, beta, refreshReferenceEvery, clipLow, clipHigh, aggregation, scaleRewards, skipUniformGroups, dynamicSampling, optimizer."`,
    );
  });

  it('refuses a prompt that would break the chat template', () => {
    expect(errorOf('prompt:\n  texts: [Describe it., "Look at <|video_pad|>.", ""]\n')).toMatchInlineSnapshot(`
      "InvalidConfig: lab.yaml:2:25: prompt.texts[1] is "Look at <|video_pad|>."; leave out special tokens such as <|video_pad|>: the chat template of the model sets them.
      lab.yaml:2:51: prompt.texts[2] is ""; set a text that is not empty."
    `);
    expect(errorOf('prompt: { texts: [] }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:11: prompt.texts is []; set a list with at least 1 items."`,
    );
    expect(errorOf('prompt: { texts: [One., One.] }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:11: prompt.texts is ["One.","One."]; name every text once."`,
    );
  });

  it('refuses filters that do nothing', () => {
    expect(errorOf('benchmark: { topP: 0.9, topK: 20 }')).toMatchInlineSnapshot(`
      "InvalidConfig: lab.yaml:1:25: benchmark.topK is 20; set benchmark.temperature above 0, or leave it out: at 0 the likeliest token is taken, whatever topK is.
      lab.yaml:1:14: benchmark.topP is 0.9; set benchmark.temperature above 0, or leave it out: at 0 the likeliest token is taken, whatever topP is."
    `);
    expect(errorOf('sampling: { topP: 0, repetitionPenalty: 0 }')).toMatchInlineSnapshot(`
      "InvalidConfig: lab.yaml:1:13: sampling.topP is 0; set a number more than 0.
      lab.yaml:1:22: sampling.repetitionPenalty is 0; set a number of at least 0.1."
    `);
  });

  it('names field, value and remedy', () => {
    expect(errorOf('algorithm:\n  kind: grpo\n  steps: -1\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:3:3: algorithm.steps is -1; set a number of at least 0."`,
    );
    expect(errorOf('algorithm: { kind: grpo, steps: many, clipLow: 1 }')).toMatchInlineSnapshot(`
      "InvalidConfig: lab.yaml:1:26: algorithm.steps is "many"; set a number.
      lab.yaml:1:39: algorithm.clipLow is 1; set a number less than 1."
    `);
    expect(errorOf('algorithm: { kind: grpoo }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:14: algorithm.kind is "grpoo"; set one of grpo, gspo, sft (did you mean "grpo"?)."`,
    );
    expect(errorOf('frames: { count: 7 }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:11: frames.count is 7; set a multiple of 2."`,
    );
    expect(errorOf('name: My run')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:1: name is "My run"; set a text that matches /^[a-z0-9][a-z0-9-]{0,62}$/."`,
    );
    expect(errorOf('frames: { count: 8, fps: 2 }')).toBe(
      'InvalidConfig: lab.yaml:1:21: frames.fps is 2; leave out count or fps: a fixed number of frames, or one that ' +
        'follows from the duration.',
    );
    expect(errorOf('frames: { sampling: end }')).toBe(
      'InvalidConfig: lab.yaml:1:11: frames.sampling is "end"; set one of middles, ends (did you mean "ends"?).',
    );
    expect(errorOf('frames:\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:1: frames is null; set a section with fields, or leave it out for the defaults."`,
    );
    expect(errorOf('dataset: { trainSamples: 3 }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:1: dataset.kind is missing; set one of shapes, jsonl."`,
    );
    expect(errorOf('judge:\n  kind: llm\n  baseUrl: somewhere\n')).toMatchInlineSnapshot(`
      "InvalidConfig: lab.yaml:3:3: judge.baseUrl is "somewhere"; set a URL such as "https://host/v1".
      lab.yaml:1:1: judge.model is missing; set a text."
    `);
    expect(errorOf('judge: { kind: openai, model: m }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:10: judge.kind is "openai"; write llm; OpenAI's chat API is judge.provider: openai, the default."`,
    );
    expect(errorOf('judge: { kind: llm, provider: opnai, model: m }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:21: judge.provider is "opnai"; set one of openai (did you mean "openai"?)."`,
    );
    expect(errorOf('judge: { kind: llm, model: m, budget: { usd: 5 } }')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:1: judge.price is missing; set inputPerMillion and outputPerMillion (USD): at a price of 0, judge.budget.usd is never reached."`,
    );
    expect(errorOf('reward:\n  caption:\n    thresholds: [0.2, high]\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:3:23: reward.caption.thresholds[1] is "high"; set a number."`,
    );
    expect(errorOf('reward:\n  caption:\n    thresholds: [0.2]\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:3:5: reward.caption.thresholds is [0.2]; set a list with at least 2 items."`,
    );
    expect(errorOf('reward:\n  caption:\n    thresholds: [0.5, 0.2]\n')).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:3:5: reward.caption.thresholds is [0.5,0.2]; set the lower one, which gives 0.5, first, such as [0.28, 0.35]."`,
    );
    expect(errorOf('reward: { caption: { thresholds: [0.3, 0.3] } }')).toBe('no error');
    const ratings = 'reward: { caption: { variant: completeness-naturalness } }';
    expect(errorOf(ratings)).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:1:22: reward.caption.variant is "completeness-naturalness"; set stepped, linear or f1, or judge.kind to llm: only a language model can rate captions as a whole."`,
    );
    expect(errorOf(`${ratings}\njudge: { kind: llm, model: m }`)).toBe('no error');
  });

  it('checks the published benchmarks of a run, and finds their files beside it', () => {
    const suites = 'benchmark: { suites: [{ suite: dream1k, annotations: d/DREAM-1k.jsonl, videos: /v }] }';
    const llm = 'judge: { kind: llm, model: m }';
    expect(errorOf(suites)).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml: judge.kind is missing; set llm, with judge.baseUrl and judge.model: the suites of benchmark.suites are judged by a language model."`,
    );
    expect(errorOf(`${llm}\n${suites.replace('dream1k', 'dream2k')}`)).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:2:25: benchmark.suites[0].suite is "dream2k"; set one of dream1k, vdc, carebench (did you mean "dream1k"?)."`,
    );
    expect(
      errorOf(`${llm}\n${suites.replace('[{', '[{ suite: dream1k, annotations: a, videos: v }, {')}`),
    ).toMatchInlineSnapshot(
      `"InvalidConfig: lab.yaml:2:14: benchmark.suites is [{"suite":"dream1k","annotations":"a","videos":"v"},{"suite":"dream1k","annotations":"d/DREAM-1k.jsonl","videos":"/v"}]; name every suite once."`,
    );
    expect(parseConfig(`${llm}\n${suites}`, at).benchmark.suites).toEqual([
      { suite: 'dream1k', annotations: '/lab/d/DREAM-1k.jsonl', videos: '/v', quirks: [] },
    ]);
  });

  it('says when an override is to blame', () => {
    expect(errorOf('algorithm: { kind: grpo, steps: 3 }', { 'algorithm.steps': 'ten' })).toMatchInlineSnapshot(
      `"InvalidConfig: override algorithm.steps="ten": algorithm.steps is "ten"; set a number."`,
    );
    expect(errorOf('', { 'algorithm..steps': 1 })).toMatchInlineSnapshot(
      `"InvalidConfig: Override key "algorithm..steps" is not a dotted key; write one such as "algorithm.steps"."`,
    );
  });
});
