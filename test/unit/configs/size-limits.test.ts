import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../configs/load-config.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { MOST_CONFIG_BYTES } from '../../../configs/size-limits.ts';
import { RunInput } from '../../../contracts/run-input.ts';

const faults = (config: object) =>
  ExperimentConfig.safeParse(config).error?.issues.map(({ path, message }) => [path.join('.'), message]) ?? [];

describe('a step', () => {
  const step = (samplesPerStep: number, groupSize: number, maxNewTokens: number, maxRounds?: number) => ({
    algorithm: { kind: 'grpo', samplesPerStep, ...(maxRounds && { dynamicSampling: { maxRounds } }) },
    sampling: { groupSize, maxNewTokens },
  });

  test.each([
    [1024, 128, 32],
    [1024, 256, 16],
    [4, 256, 4096],
    [64, 16, 4096],
  ])('may have %i x %i completions of %i tokens', (...size) => {
    expect(faults(step(...size))).toEqual([]);
  });

  test.each([
    [1024, 128, 128, 32],
    [1024, 256, 17, 16],
    [5, 256, 4096, 3276],
  ])('may not have %i x %i completions of %i tokens, but of %i', (samples, group, tokens, most) => {
    const remedy = expect.stringMatching(new RegExp(`set at most ${most} .*${samples * group} completions`));
    expect(faults(step(samples, group, tokens))).toEqual([['sampling.maxNewTokens', remedy]]);
    expect(faults(step(samples, group, most))).toEqual([]);
  });

  test('may have so many rounds that an update has room for their tokens', () => {
    expect(faults(step(64, 16, 4096, 4))).toEqual([]);
    const remedy = expect.stringContaining('set at most 4,');
    expect(faults(step(64, 16, 4096, 5))).toEqual([['algorithm.dynamicSampling.maxRounds', remedy]]);
  });

  test('of SFT samples nothing', () => {
    expect(faults({ algorithm: { kind: 'sft', samplesPerStep: 1024 }, sampling: { maxNewTokens: 4096 } })).toEqual([]);
  });
});

test('more custom rewards than 32 are refused', () => {
  const custom = (count: number) => ({
    reward: { custom: Object.fromEntries(Array.from({ length: count }, (_, i) => [`mine-${i}`, { kind: 'http' }])) },
  });
  expect(faults(custom(32))).toEqual([]);
  expect(faults(custom(33))).toEqual([['reward.custom', expect.stringContaining('not 33')]]);
});

describe('a whole config', () => {
  const texts = (count: number) => Array.from({ length: count }, (_, i) => `${'ä'.repeat(900)} ${i}`);
  const parsed = (overrides: object) =>
    parseConfig('', { file: 'my.yaml', folder: '/', overrides: overrides as Record<string, unknown> });

  test('may have 64 KiB', () => {
    expect(parsed({ 'prompt.texts': texts(30) }).prompt.texts).toHaveLength(30);
  });

  test('may not have more, and the field with most of it is named', () => {
    expect(() => parsed({ 'prompt.texts': texts(40) })).toThrow(
      new RegExp(`^my\\.yaml.*\\d{5} bytes.*${MOST_CONFIG_BYTES}.*prompt\\.texts\\.$`),
    );
  });

  test('counts paths as they are on the worker', () => {
    const train = Array.from({ length: 100 }, (_, i) => ({ path: `${i}.jsonl` }));
    const dataset = { kind: 'jsonl', train, heldOut: 'h.jsonl' };
    const of = (folder: string) => parseConfig('', { file: 'my.yaml', folder, overrides: { dataset } });
    expect(of('/data').dataset).toMatchObject({ kind: 'jsonl' });
    expect(() => of(`/${'d'.repeat(800)}`)).toThrow(/dataset\.train/);
  });
});

test('overrides larger than a config are refused at the start of a run', () => {
  const overrides = { 'prompt.texts': ['x'.repeat(MOST_CONFIG_BYTES)] };
  expect(RunInput.safeParse({ overrides }).error?.issues).toMatchObject([
    { path: ['overrides'], message: expect.stringMatching(/^they have \d{5} bytes/) },
  ]);
});
