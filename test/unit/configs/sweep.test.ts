import { describe, expect, test } from 'vitest';
import { checkArms } from '../../../configs/check-arms.ts';
import { configOf, loadConfig, sweepNames } from '../../../configs/load-config.ts';
import { parseSweep, readSweep } from '../../../configs/load-sweep.ts';
import { expandArms } from '../../../configs/sweep-arms.ts';
import { ArmFields } from '../../../configs/sweep-file.ts';
import { refusal } from '../../refusal.ts';

const BASE = { name: 'base.yaml', text: 'dataset: { kind: shapes }\nalgorithm: { kind: grpo, steps: 2 }\n' };
const HEAD = 'name: my-sweep\nconfig: quickstart\nreference: grpo\n';
const parsed = (text: string) => parseSweep({ name: 'lab/my.yaml', text });
const refuses = (text: string, ...named: string[]) =>
  expect(() => parsed(text)).toThrow(refusal('InvalidConfig', ...named));
const checked = (text: string) => checkArms(parsed(text), BASE, 'lab/my.yaml');
const arm = (fields: object) => ({ grpo: ArmFields.parse(fields) });

describe('a sweep file', () => {
  test('that ships has every arm of the paper’s question, in three conditions, all with right configs', async () => {
    expect(await sweepNames()).toEqual(['sft-vs-grpo', 'short-sweep']);
    const parts = parseSweep(await readSweep('sft-vs-grpo'));
    const arms = await checkArms(parts, BASE, 'sft-vs-grpo');
    expect(arms.map((each) => each.arm.name)).toEqual([
      ...['base', 'sft', 'grpo', 'sft-then-grpo', 'grpo-no-thinking', 'grpo-no-think-score', 'grpo-no-caption-score'],
      ...['grpo-caption.variant-stepped', 'grpo-caption.variant-linear'],
      ...['grpo-group.groupSize-4', 'grpo-group.groupSize-16', 'gspo', 'dapo'],
    ]);
    const references = arms[1]!.configs.map(
      ({ config }) => config.dataset.kind === 'shapes' && config.dataset.references,
    );
    expect(references).toEqual(['exact', 'few', 'noisy']);
  });

  test('is no experiment: run names the command that starts it', async () => {
    await expect(loadConfig('sft-vs-grpo')).rejects.toThrow(refusal('InvalidConfig', 'videocap sweep'));
    await expect(readSweep('sft-vs-grop')).rejects.toThrow(refusal('InvalidConfig', 'sft-vs-grop', 'sft-vs-grpo'));
  });

  test.each([
    ['arms: { grpo: { sett: {} } }', ['lab/my.yaml:4:17', 'arms.grpo.sett', '"set"']],
    ['arms: { grpo: {} }\nseeds: [1, 1]', ['seeds', 'once']],
    ['arms: { grpo: {} }\nmetric: eventF2', ['metric', 'eventF2', 'eventF1']],
    ['arms: { sft: {} }', ['reference', 'grpo', 'sft']],
    ['arms: { grpo: { set: { seed: 3 } } }', ['arm "grpo"', 'seed', 'seeds']],
    ['arms: { grpo: {} }\nconditions: { few: { name: x } }', ['condition "few"', 'name']],
    ['arms: { grpo: {} }\nset: { seed: 3 }', ['sweep', 'seed', 'seeds']],
    ['arms: { grpo: { after: sftt }, sft: {} }', ['arm "grpo"', 'sftt', 'sft']],
    ['arms: { grpo: { after: grpo } }', ['arm "grpo"', 'after', 'itself']],
    ['arms: { grpo: { after: sft, seeds: [1, 2] }, sft: { seeds: [1] } }', ['arm "grpo"', '2', 'arms.sft.seeds']],
    ['arms: { grpo: { after: sft, set: { policy.model: tiny } }, sft: {} }', ['arm "grpo"', 'policy.model', 'after']],
    ['arms: { grpo: { after: sft, grid: { policy.model: [tiny] } }, sft: {} }', ['policy.model', 'after']],
    ['arms: { grpo: { random: { count: 2, keys: { a: { from: 0, to: 1, scale: log } } } } }', ['random.keys.a']],
  ])('%s is refused where it is wrong', (text, named) => {
    refuses(`${HEAD}${text}\n`, ...named);
  });

  test('is refused with a change of all runs that each run has its own value for', () => {
    const text = `${HEAD}arms: { grpo: {} }\n`;
    const changed = (set: Record<string, number | string>) => parseSweep({ name: 'lab/my.yaml', text }, set);
    expect(() => changed({ seed: 3 })).toThrow(refusal('InvalidConfig', 'seed', 'seeds'));
    expect(() => changed({ name: 'x' })).toThrow(refusal('InvalidConfig', 'name'));
    expect(changed({ constructor: 1 }).file.set).toEqual({ constructor: 1 }); // an unknown key, which `checkArms` names
  });

  test.each([
    ['arms: { grpo: { set: { algorithm.stps: 3 } } }', ['arm "grpo"', 'algorithm.stps', '3', 'steps']],
    [
      'arms: { grpo: {} }\nconditions: { few: { dataset.references: fewer } }',
      ['arm "grpo"', 'condition "few"', 'fewer'],
    ],
    ['arms: { grpo: {} }\nbudget: { usd: 5 }', ['budget', 'language model']],
    ['arms: { grpo: { set: { judge: { kind: llm, model: m } } } }\nbudget: { usd: 5 }', ['arm "grpo"', 'judge.price']],
    ['arms: { grpo: { set: { policy: { model: m, engine: { kind: openai } } } } }', ['arm "grpo"', 'openai', 'train']],
    ['arms: { grpo: {} }\nmetric: rougeL', ['arm "grpo"', 'rougeL', 'benchmark.metrics']],
  ])('%s is refused before anything starts, with its arm', async (text, named) => {
    await expect(checked(`${HEAD}${text}\n`)).rejects.toThrow(refusal('InvalidConfig', ...named));
  });

  test('names the arms of all faults', async () => {
    const text = 'arms: { a: { set: { x: 1 } }, grpo: { set: { algorithm.beta: -1 } } }\n';
    await expect(checked(HEAD + text)).rejects.toThrow(refusal('InvalidConfig', 'arm "a"', 'arm "grpo"', 'beta'));
  });

  test('expects as many questions as its rewards ask', async () => {
    const [grpo] = await checked(
      `${HEAD}arms: { grpo: { set: { judge: { kind: llm, model: m }, benchmark.everySteps: 0 } } }\n`,
    );
    const config = await configOf(BASE, { judge: { kind: 'llm', model: 'm' } });
    const texts = config.algorithm.samplesPerStep * config.sampling.groupSize;
    // `stepped` asks once a completion; a benchmark three times a clip, before and after training.
    expect(grpo!.calls).toBe(2 * texts + 2 * 3 * 100);
  });
});

describe('grid and random', () => {
  test('a grid is every combination, the last key changing fastest', () => {
    const made = expandArms(arm({ set: { x: 0 }, grid: { 'a.beta': [0, 0.1], 'b.size': [4, 8] } }));
    expect(made.map(({ name }) => name)).toEqual([
      'grpo.beta-0.size-4',
      'grpo.beta-0.size-8',
      'grpo.beta-0.1.size-4',
      'grpo.beta-0.1.size-8',
    ]);
    expect(made[3]!.set).toEqual({ x: 0, 'a.beta': 0.1, 'b.size': 8 });
  });

  test('values that make no name are numbered', () => {
    const made = expandArms(arm({ grid: { reward: [{ think: { weight: 0 } }, { think: { weight: 2 } }] } }));
    expect(made.map(({ name }) => name)).toEqual(['grpo.1', 'grpo.2']);
  });

  test('draws are the same every time, within their range, and others for another seed', () => {
    const random = {
      count: 200,
      keys: {
        rate: { from: 1e-6, to: 1e-2, scale: 'log' },
        size: { from: 4, to: 6, whole: true },
        variant: { oneOf: ['stepped', 'f1'] },
      },
    };
    const made = expandArms(arm({ random })).map(({ set }) => set);
    expect(expandArms(arm({ random })).map(({ set }) => set)).toEqual(made);
    expect(expandArms(arm({ random: { ...random, seed: 2 } })).map(({ set }) => set)).not.toEqual(made);
    const rates = made.map(({ rate }) => Number(rate));
    expect(Math.min(...rates)).toBeGreaterThanOrEqual(1e-6);
    expect(Math.max(...rates)).toBeLessThanOrEqual(1e-2);
    // Half of a log range lies below its geometric mean.
    const low = rates.filter((rate) => rate < 1e-4).length;
    expect(low).toBeGreaterThan(75);
    expect(low).toBeLessThan(125);
    expect(new Set(made.map(({ size }) => size))).toEqual(new Set([4, 5, 6]));
    expect(new Set(made.map(({ variant }) => variant))).toEqual(new Set(['stepped', 'f1']));
  });
});
