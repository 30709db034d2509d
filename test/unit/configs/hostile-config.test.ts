import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadConfig, parseConfig } from '../../../configs/load-config.ts';
import { refusal } from '../../refusal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-hostile-config-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const parse = (text: string, overrides: Record<string, unknown> = {}) =>
  parseConfig(text, { file: 'lab.yaml', folder: '/lab', overrides });
const refuses = (text: string, ...named: (string | number)[]) =>
  expect(() => parse(text)).toThrow(refusal('InvalidConfig', ...named));

test('out of range: says the value, though JSON has none for it', () => {
  refuses(
    'algorithm: { kind: grpo, beta: .inf, steps: .nan }',
    '1:38: algorithm.steps is NaN',
    'algorithm.beta is Inf',
  );
});

test('YAML error: says line and column', () => {
  refuses('algorithm:\n\tsteps: 1\n', 'lab.yaml:2:1:');
  refuses('seed: 1\nseed: 2\n', 'lab.yaml:2:1:');
  refuses('seed: 1\n? [frames]\n: 1\n', 'lab.yaml:2:3:');
});

test('cyclic anchor: refused where the alias stands', () => {
  refuses('algorithm: &all\n  optimizer: *all\n', 'lab.yaml:2:14:', 64);
  refuses('frames: &a [*b]\njudge: &b [*a]\n', 'lab.yaml:1:13:', 'b.');
});

test('alias bomb: refused before it grows', () => {
  const names = [...'abcdefghi'];
  const level = (name: string, i: number) => `${name}: &${name} [${Array(9).fill(i === 0 ? 'x' : `*${names[i - 1]}`)}]`;
  refuses(names.map(level).join('\n'), 'lab.yaml:2:8:', 'alias');
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
  refuses(text, `lab.yaml:${place}:`, 64);
});

test('a long map on one line and a comment far to the right are not nested', () => {
  const keys = Array.from({ length: 100 }, (_, i) => `key${i}: 1`).join(', ');
  refuses(`frames: { ${keys} }\n${' '.repeat(80)}# [`, 'frames.key0 is not a known field');
});

test('thousands of unknown keys: the first twenty, and how many more', () => {
  const keys = Array.from({ length: 3000 }, (_, i) => `key${i}: 1`).join('\n');
  refuses(keys, 'lab.yaml:20:1: key19', '\nlab.yaml: 2980 more');
  expect(() => parse(keys)).not.toThrow('key20');
});

test('a long value: cut in the sentence', () => {
  refuses(`name: ${'a'.repeat(5000)}`, `lab.yaml:1:1: name is "${'a'.repeat(118)}…; set`);
});

test('a text without end: refused by its length', () => {
  refuses(`name: ${'a'.repeat(70_000)}`, 'lab.yaml:1:1:', 70_006, 65_536);
});

test('a file that is no config: never read', async () => {
  const refused = (path: string, ...fault: (string | number)[]) =>
    expect(loadConfig(path)).rejects.toThrow(refusal('InvalidConfig', path, ...fault));
  await refused(folder, 'is a folder, not a file');
  const pipe = join(folder, 'pipe.yaml');
  execFileSync('mkfifo', [pipe]);
  await refused(pipe, 'is a pipe, not a file');
  const huge = join(folder, 'huge.yaml');
  await writeFile(huge, '');
  await truncate(huge, 2 ** 40);
  await refused(huge, 2 ** 40, 1_048_576);
});

test.each(['constructor', 'toString'])('the key %s: just an unknown field', (key) => {
  refuses(`frames: { ${key}: { polluted: 1 } }`, `frames.${key} is not a known field.`);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test('a name that JavaScript has for something else: refused, where a schema would pass over it', () => {
  const taken = 'a name that no field can have';
  refuses('reward: { custom: { __proto__: { kind: module } } }', 'lab.yaml:1:21:', 'reward.custom.__proto__ is', taken);
  refuses('judge: { kind: llm, model: m, extraBody: { a: { __proto__: 1 } } }', 'judge.extraBody.a.__proto__', taken);
  refuses('judge: { kind: llm, model: m, headers: { __proto__: KEY } }', 'judge.headers.__proto__', taken);
  const overrides = { 'judge.query': JSON.parse('{"__proto__": "x"}') };
  expect(() => parse('', overrides)).toThrow(
    refusal('InvalidConfig', 'override judge.query:', 'judge.query.__proto__', taken),
  );
});

test('numbers whose sums would be infinite: refused', () => {
  refuses('reward: { caption: { weight: 1e308 } }', 'reward.caption.weight is 1e+308', 'at most 1000000000.');
  const range = 'reward: { custom: { a: { kind: module, range: [-1e308, 1e308] } } }';
  refuses(range, '1:48: reward.custom.a.range[0] is -1e+308', 'at least -1000000000.');
  refuses(range, '1:56: reward.custom.a.range[1] is 1e+308', 'at most 1000000000.');
  const mixed = (weight: string, ...named: string[]) =>
    refuses(
      `dataset: { kind: jsonl, train: [{ path: a, weight: ${weight} }, { path: b }], heldOut: c }`,
      `dataset.train[0].weight is ${named[0]}`,
      named[1]!,
    );
  mixed('1e308', '1e+308', 'at most 1000000.');
  mixed('1e-308', '1e-308', 'at least 0.000001.');
});

test('a penalty for lengths that no completion reaches, and a metric that nothing measures: refused', () => {
  const overlong = (maxTokens: number) => `reward: { overlong: { maxTokens: ${maxTokens}, cacheTokens: 9 } }`;
  refuses(overlong(129), '1:23: reward.overlong.maxTokens is 129', 'sampling.maxNewTokens (128)');
  expect(() => parse(overlong(128))).not.toThrow();
  const measures = 'set one of eventF1, eventRecall,';
  refuses('checkpoints: { best: { metric: constructor } }', '1:24: checkpoints.best.metric', '"constructor"', measures);
  const rougeL = 'checkpoints: { best: { metric: rougeL } }\n';
  refuses(rougeL, 'checkpoints.best.metric is "rougeL"', measures);
  expect(() => parse(`${rougeL}benchmark: { metrics: [events, rougeL] }`)).not.toThrow();
  expect(() => parse('checkpoints: { best: { metric: eventF1Low } }')).not.toThrow();
});

test('a line break in a name, and a header under two names: one sentence each', () => {
  const judge = (headers: string) => `judge: { kind: llm, model: m, headers: ${headers} }`;
  refuses(judge('{ "a\\r\\nb": KEY }'), 'lab.yaml:1:', 'judge.headers."a\\r\\nb" is (not shown');
  expect(() => parse(judge('{ "a\\r\\nb": KEY }'))).toThrow(/^[^\n]*$/);
  refuses(judge('{ Api: KEY, api: KEY }'), 'judge.headers.api', 'name it once');
});

test('a checkpoint of a run whose key leads out of its folder: refused', () => {
  for (const model of ['run:..@1', 'run:.', 'run:../../x@1'])
    refuses(`policy: { model: "${model}" }`, `policy.model is "${model}"`, 'run:RUN@STEP');
});
