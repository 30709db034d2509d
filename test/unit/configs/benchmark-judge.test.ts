import { describe, expect, test } from 'vitest';
import { judgeOfBenchmarks } from '../../../benchmarks/benchmark-config.ts';
import { loadConfig } from '../../../configs/load-config.ts';
import { flatParams } from '../../../tracking/flat-params.ts';
import { runTags, startNote } from '../../../tracking/run-tags.ts';
import { refusal } from '../../refusal.ts';

const SUITE = { suite: 'dream1k', annotations: '/a.jsonl', videos: '/v' };
const LLM = { kind: 'llm', model: 'gpt-4o' };
const load = (benchmark: object, more: object = {}) => loadConfig('quickstart', { benchmark, ...more });
const refuses = (config: Promise<object>, ...named: string[]) =>
  expect(config).rejects.toThrow(refusal('InvalidConfig', ...named));

describe('benchmark.judge', () => {
  test('judges benchmarks in place of judge, and takes the same fields', async () => {
    const config = await load({ judge: { ...LLM, headers: { 'api-key': 'AZURE_KEY' }, systemRole: false } });
    expect(judgeOfBenchmarks(config)).toMatchObject({ model: 'gpt-4o', systemRole: false });
    expect(config.judge).toEqual({ kind: 'rule-based' });
    expect(judgeOfBenchmarks(await load({}))).toEqual({ kind: 'rule-based' });
  });

  test('judges suites, whatever judges the training', async () => {
    expect((await load({ suites: [SUITE], judge: LLM })).benchmark.suites).toHaveLength(1);
    const rules = load({ suites: [SUITE], judge: { kind: 'rule-based' } }, { judge: LLM });
    await refuses(rules, 'benchmark.judge.kind is "rule-based"', 'llm');
    await refuses(load({ suites: [SUITE] }), ': judge.kind is "rule-based"', 'llm');
  });

  test('with a budget in USD needs a price', async () => {
    await refuses(load({ judge: { ...LLM, budget: { usd: 1 } } }), 'benchmark.judge.price is ');
  });

  test('is shown in MLflow, beside the judge of the rewards', async () => {
    const config = await load({ judge: { ...LLM, extraBody: { seed: 1 }, query: { 'api-version': '1' } } });
    const params = Object.fromEntries(flatParams(config).map(({ key, value }) => [key, value]));
    expect(params).toMatchObject({
      'judge.kind': 'rule-based',
      'benchmark.judge.model': 'gpt-4o',
      'benchmark.judge.extraBody.seed': '1',
      'benchmark.judge.query.api-version': '1',
    });
    expect(startNote(config, undefined)).toContain('Judge of benchmarks: `gpt-4o`.');
    expect(runTags({ runKey: 'r', config })).toContainEqual({ key: 'videocap.benchmarkJudge', value: 'llm' });
    expect(startNote(await load({}), undefined)).not.toContain('Judge of benchmarks');
  });
});
