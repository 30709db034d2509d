import { describe, expect, it } from 'vitest';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { EngineConfig } from '../../../policy/policy-config.ts';
import { limitedEngine, limitedJudge, parseLimits } from '../../../workflows/limits.ts';

const judge = (more: object = {}) => JudgeConfig.parse({ kind: 'llm', model: 'm', ...more });
const priced = judge({ price: { inputPerMillion: 1 }, budget: { usd: 1, calls: 9 } });

describe('limits', () => {
  it('are refused with the field, and a right one', () => {
    expect(() => parseLimits({ maxSteps: -1 })).toThrow(/maxSteps: .*>=0.* "maxSteps": 500\}/);
    expect(() => parseLimits({ steps: 1 })).toThrow('Unrecognized key: "steps"');
  });

  it('in USD are refused where the judge costs nothing, since they would never be reached', () => {
    expect(() => parseLimits({ judgeBudgetUsd: 20 }, { judge: judge() })).toThrow(
      /judgeBudgetUsd .*judge\.price is 0\. Set judgeBudgetCalls/,
    );
    expect(parseLimits({ judgeBudgetUsd: 20 }, { judge: priced })).toEqual({ judgeBudgetUsd: 20 });
    expect(parseLimits({ judgeBudgetUsd: 0 }, { judge: judge() })).toEqual({ judgeBudgetUsd: 0 });
    expect(parseLimits({ judgeBudgetUsd: 20 })).toEqual({ judgeBudgetUsd: 20 });
  });

  it('of a judge of benchmarks are refused where there is none, or it costs nothing', () => {
    const change = { benchmarkJudgeBudgetUsd: 20 };
    expect(() => parseLimits(change, { judge: priced })).toThrow(/no benchmark\.judge.* Set judgeBudgetUsd/);
    expect(() => parseLimits(change, { judge: priced, ownBenchmarkJudge: judge() })).toThrow(
      /benchmarkJudgeBudgetUsd .* benchmark\.judge\.price is 0/,
    );
    expect(parseLimits(change, { judge: judge(), ownBenchmarkJudge: priced })).toEqual(change);
  });

  it('of captions are refused where no endpoint writes them, or it costs nothing', () => {
    const engine = EngineConfig.parse({ kind: 'openai' });
    const change = { captionsBudgetUsd: 20 };
    expect(() => parseLimits(change, { judge: priced })).toThrow(/no endpoint writes them/);
    expect(() => parseLimits(change, { judge: priced, captioning: { engine } })).toThrow(
      /captionsBudgetUsd .*policy\.engine\.price is 0\. Set captionsBudgetCalls/,
    );
    const calls = { captionsBudgetCalls: 5 };
    expect(parseLimits(calls, { judge: priced, captioning: { engine } })).toEqual(calls);
    expect(limitedEngine(engine, calls)).toMatchObject({ budget: { calls: 5 } });
    expect(limitedEngine(engine, {})).toBe(engine);
  });

  it('replace the budget of the config, one by one', () => {
    expect(limitedJudge(priced, { judgeBudgetUsd: 5 })).toMatchObject({ budget: { usd: 5, calls: 9 } });
    expect(limitedJudge(priced, { judgeBudgetCalls: 5 })).toMatchObject({ budget: { usd: 1, calls: 5 } });
    expect(limitedJudge(priced, { maxSteps: 5 })).toBe(priced);
  });
});
