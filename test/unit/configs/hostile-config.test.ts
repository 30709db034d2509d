import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../../configs/load-config.ts';
import { VideocapError } from '../../../core/errors.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-hostile-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What a person reads. Anything but the project's own error fails the test. */
function sentence(text: string): string {
  try {
    parseConfig(text, { file: 'lab.yaml', folder: '/lab' });
  } catch (error) {
    if (error instanceof VideocapError && error.code === 'InvalidConfig') return error.message;
    throw error;
  }
  return 'no error';
}

test('unknown key: says where, and which key was meant', () => {
  expect(sentence('sampling:\n  temprature: 1\n')).toBe(
    'lab.yaml:2:3: sampling.temprature is not a known field (did you mean "temperature"?). Fields of sampling: ' +
      'groupSize, temperature, maxNewTokens, topK, topP, minP, repetitionPenalty.',
  );
});

test('wrong type: says which value it found and what to set', () => {
  expect(sentence('seed: "one"')).toBe('lab.yaml:1:1: seed is "one"; set a number.');
});

test('out of range: says the bound', () => {
  expect(sentence('sampling: { groupSize: 1 }')).toBe(
    'lab.yaml:1:13: sampling.groupSize is 1; set a number of at least 2.',
  );
  expect(sentence('algorithm: { kind: grpo, beta: .inf, steps: .nan }')).toBe(
    'lab.yaml:1:38: algorithm.steps is NaN; set a number.\nlab.yaml:1:26: algorithm.beta is Infinity; set a number.',
  );
});

test('YAML error: says line and column', () => {
  expect(sentence('algorithm:\n\tsteps: 1\n')).toBe(
    'lab.yaml:2:1: Tabs are not allowed as indentation. Correct the YAML there.',
  );
  expect(sentence('seed: 1\nseed: 2\n')).toBe('lab.yaml:2:1: Map keys must be unique. Correct the YAML there.');
  expect(sentence('seed: 1\n? [frames]\n: 1\n')).toBe(
    'lab.yaml:2:3: With stringKeys, all keys must be strings. Correct the YAML there.',
  );
});

test('cyclic anchor: refused where the alias stands', () => {
  expect(sentence('algorithm: &all\n  optimizer: *all\n')).toBe(
    'lab.yaml:2:14: values are nested more than 64 deep; write the config flatter.',
  );
  expect(sentence('frames: &a [*b]\njudge: &b [*a]\n')).toBe(
    'lab.yaml:1:13: Unresolved alias (the anchor must be set before the alias): b. Write the values out.',
  );
});

test('alias bomb: refused before it grows', () => {
  const names = [...'abcdefghi'];
  const level = (name: string, i: number) => `${name}: &${name} [${Array(9).fill(i === 0 ? 'x' : `*${names[i - 1]}`)}]`;
  expect(sentence(names.map(level).join('\n'))).toBe(
    'lab.yaml:2:8: Excessive alias count indicates a resource exhaustion attack. Write the values out.',
  );
});

test('anchors may be used', () => {
  const { frames } = parseConfig('frames: { minPixels: &area 7056, maxPixels: *area }', {
    file: 'lab.yaml',
    folder: '/lab',
  });
  expect([frames.minPixels, frames.maxPixels]).toEqual([7056, 7056]);
});

test.each([
  ['maps', '{a: '.repeat(15_000), '1:129'],
  ['brackets', `judge: ${'['.repeat(30_000)}`, '1:71'],
  ['lists', `judge:\n${'- '.repeat(30_000)}`, '2:129'],
  ['keys', '? '.repeat(30_000), '1:129'],
  ['values without keys', ': '.repeat(30_000), '1:129'],
  ['indentation', Array.from({ length: 300 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), '65:66'],
  ['aliases', Array.from({ length: 90 }, (_, i) => `a${i}: &a${i} [${i ? `*a${i - 1}` : ''}]`).join('\n'), '2:10'],
])('nested %s: refused before the parser runs out of stack', (_, text, place) => {
  expect(sentence(text)).toBe(`lab.yaml:${place}: values are nested more than 64 deep; write the config flatter.`);
});

test('a long map on one line and a comment far to the right are not nested', () => {
  const keys = Array.from({ length: 100 }, (_, i) => `key${i}: 1`).join(', ');
  expect(sentence(`frames: { ${keys} }\n${' '.repeat(80)}# [`)).toMatch('frames.key0 is not a known field');
});

test('thousands of unknown keys: the first twenty, and how many more', () => {
  const lines = sentence(Array.from({ length: 3000 }, (_, i) => `key${i}: 1`).join('\n')).split('\n');
  expect(lines).toHaveLength(21);
  expect(lines[20]).toBe('lab.yaml: 2980 more values are wrong; correct these first.');
});

test('a long value: cut in the sentence', () => {
  expect(sentence(`name: ${'a'.repeat(5000)}`)).toBe(
    `lab.yaml:1:1: name is "${'a'.repeat(119)}...; set a text that matches /^[a-z0-9][a-z0-9-]{0,62}$/.`,
  );
});

test('a text without end: refused by its length', () => {
  expect(sentence(`name: ${'a'.repeat(70_000)}`)).toBe(
    'lab.yaml:1:1: the config has 70006 characters, more than 65536; name the file of an experiment.',
  );
});

test('a file that is no config: never read', async () => {
  const refused = (path: string, fault: string) =>
    expect(loadConfig(path)).rejects.toMatchObject({
      code: 'InvalidConfig',
      message: `Config file ${path} ${fault}; give the path of a YAML file.`,
    });
  await refused(folder, 'is no file');
  const pipe = join(folder, 'pipe.yaml');
  execFileSync('mkfifo', [pipe]);
  await refused(pipe, 'is no file');
  const huge = join(folder, 'huge.yaml');
  await writeFile(huge, '');
  await truncate(huge, 2 ** 40);
  await refused(huge, `has ${2 ** 40} bytes, more than 1048576`);
});

test.each(['constructor', 'toString'])('the key %s: just an unknown field', (key) => {
  expect(sentence(`frames: { ${key}: { polluted: 1 } }`)).toMatch(`frames.${key} is not a known field.`);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test('a name that JavaScript has for something else: refused, where a schema would pass over it', () => {
  const refused = (field: string) => `${field} is a name that no field can have; choose another.`;
  expect(sentence('reward: { custom: { __proto__: { kind: module } } }')).toBe(
    `lab.yaml:1:21: ${refused('reward.custom.__proto__')}`,
  );
  expect(sentence('judge: { kind: llm, model: m, extraBody: { a: { __proto__: 1 } } }')).toContain(
    refused('judge.extraBody.a.__proto__'),
  );
  expect(sentence('judge: { kind: llm, model: m, headers: { __proto__: KEY } }')).toContain(
    refused('judge.headers.__proto__'),
  );
  const overrides = { 'judge.query': JSON.parse('{"__proto__": "x"}') };
  expect(() => parseConfig('', { file: 'lab.yaml', folder: '/lab', overrides })).toThrow(
    `override judge.query: ${refused('judge.query.__proto__')}`,
  );
});

test('numbers whose sums would be infinite: refused', () => {
  expect(sentence('reward: { caption: { weight: 1e308 } }')).toContain('set a number of at most 1000000000.');
  expect(sentence('reward: { custom: { a: { kind: module, range: [-1e308, 1e308] } } }')).toBe(
    'lab.yaml:1:48: reward.custom.a.range[0] is -1e+308; set a number of at least -1000000000.\n' +
      'lab.yaml:1:56: reward.custom.a.range[1] is 1e+308; set a number of at most 1000000000.',
  );
  const mixed = (weight: string) =>
    sentence(`dataset: { kind: jsonl, train: [{ path: a, weight: ${weight} }, { path: b }], heldOut: c }`);
  expect(mixed('1e308')).toContain('dataset.train[0].weight is 1e+308; set a number of at most 1000000.');
  expect(mixed('1e-308')).toContain('dataset.train[0].weight is 1e-308; set a number of at least 0.000001.');
});

test('a penalty for lengths that no completion reaches, and a metric that nobody measures: refused', () => {
  expect(sentence('reward: { overlong: { maxTokens: 129, cacheTokens: 9 } }')).toBe(
    'lab.yaml:1:23: reward.overlong.maxTokens is 129; set at most sampling.maxNewTokens (128): no completion is ' +
      'longer.',
  );
  expect(sentence('reward: { overlong: { maxTokens: 128, cacheTokens: 9 } }')).toBe('no error');
  expect(sentence('checkpoints: { best: { metric: constructor } }')).toBe(
    'lab.yaml:1:24: checkpoints.best.metric is "constructor"; the held-out benchmark does not measure it: ' +
      'set one of eventF1, eventRecall, eventPrecision, actionF1, actionRecall, actionPrecision, objectF1, ' +
      'objectRecall, objectPrecision, think, format, distinctCaptions, meanTokens.',
  );
  const rougeL = 'checkpoints: { best: { metric: rougeL } }\n';
  expect(sentence(rougeL)).toContain('the held-out benchmark does not measure it');
  expect(sentence(`${rougeL}benchmark: { metrics: [events, rougeL] }`)).toBe('no error');
  expect(sentence('checkpoints: { best: { metric: eventF1Low } }')).toBe('no error');
});

test('a line break in a name, and a header under two names: one sentence each', () => {
  const judge = (headers: string) => sentence(`judge: { kind: llm, model: m, headers: ${headers} }`);
  expect(judge('{ "a\\r\\nb": KEY }')).toMatch(/^lab\.yaml:1:\d+: judge\.headers\."a\\r\\nb" is \(not shown[^\n]*$/);
  expect(judge('{ Api: KEY, api: KEY }')).toContain(
    'judge.headers.api is (not shown: it may be a secret); name it once',
  );
});

test('a checkpoint of a run whose key leads out of its folder: refused', () => {
  for (const model of ['run:..@1', 'run:.', 'run:../../x@1'])
    expect(sentence(`policy: { model: "${model}" }`)).toContain('write run:KEY@STEP');
});
