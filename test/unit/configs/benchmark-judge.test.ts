import { describe, expect, test } from 'vitest';
import { judgeOfBenchmarks } from '../../../benchmarks/benchmark-config.ts';
import { loadConfig } from '../../../configs/load-config.ts';
import { flatParams } from '../../../tracking/flat-params.ts';
import { runTags, startNote } from '../../../tracking/run-tags.ts';

const SUITE = { suite: 'dream1k', annotations: '/a.jsonl', videos: '/v' };
const LLM = { kind: 'llm', model: 'gpt-4o' };
const load = (benchmark: object, more: object = {}) => loadConfig('quickstart', { benchmark, ...more });
const refusal = (benchmark: object, more: object = {}) =>
  load(benchmark, more).then(
    () => expect.unreachable('the config should have been refused'),
    (error: Error) => error.message,
  );

describe('benchmark.judge', () => {
  test('judges benchmarks in place of judge, and takes the same fields', async () => {
    const config = await load({ judge: { ...LLM, headers: { 'api-key': 'AZURE_KEY' }, systemRole: false } });
    expect(judgeOfBenchmarks(config)).toMatchObject({ model: 'gpt-4o', systemRole: false });
    expect(config.judge).toEqual({ kind: 'rule-based' });
    expect(judgeOfBenchmarks(await load({}))).toEqual({ kind: 'rule-based' });
  });

  test('judges suites, whatever judges the training', async () => {
    expect((await load({ suites: [SUITE], judge: LLM })).benchmark.suites).toHaveLength(1);
    expect(await refusal({ suites: [SUITE], judge: { kind: 'rule-based' } }, { judge: LLM })).toContain(
      'benchmark.judge.kind is "rule-based"; set llm, with judge.baseUrl and judge.model',
    );
    expect(await refusal({ suites: [SUITE] })).toContain('judge.kind is "rule-based"; set llm');
  });

  test('with a budget in USD needs a price', async () => {
    expect(await refusal({ judge: { ...LLM, budget: { usd: 1 } } })).toContain('benchmark.judge.price is ');
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
