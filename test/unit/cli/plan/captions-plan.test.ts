import { expect, test } from 'vitest';
import { captionsLines, planCaptions } from '../../../../cli/plan/captions-plan.ts';
import { loadConfig } from '../../../../configs/load-config.ts';
import type { OpenAiConfig } from '../../../../policy/openai/openai-config.ts';

const price = { inputPerMillion: 0.5, outputPerMillion: 2 };
const suite = { suite: 'dream1k', annotations: 'a', videos: 'v' };

async function planned(overrides: Record<string, unknown>, completionTokens?: number) {
  const config = await loadConfig('bench-api', { dataset: { kind: 'shapes', heldOutSamples: 100 }, ...overrides });
  return planCaptions(config, config.policy.engine as OpenAiConfig, completionTokens);
}

test('every clip is captioned once, at the tokens of its pictures and of the longest caption', async () => {
  const plan = await planned({ 'policy.engine.price': price, 'frames.count': 8, 'frames.maxPixels': 784 * 100 });
  expect(plan).toMatchObject({ model: 'gpt-4o-mini', captions: 100, outputTokens: 512, judge: { questions: 300 } });
  expect(plan.inputTokens).toBeGreaterThan(800);
  expect(plan.cost).toBeCloseTo((100 * (plan.inputTokens * 0.5 + 512 * 2)) / 1e6, 9);
  expect(captionsLines(plan).join('\n')).toContain(`${plan.cost!.toFixed(2)} USD`);
});

test('so are the clips of suites, whose questions go to the judge', async () => {
  const plan = await planned({ 'policy.engine.price': price, 'benchmark.suites': [{ ...suite, limit: 100 }] }, 200);
  expect(plan).toMatchObject({ captions: 200, outputTokens: 200, judge: { questions: 300 + 300 } });
});

test('without a price the plan says which field has it', async () => {
  const plan = await planned({});
  expect(plan).not.toHaveProperty('cost');
  expect(captionsLines(plan).join('\n')).toContain('policy.engine.price');
});
