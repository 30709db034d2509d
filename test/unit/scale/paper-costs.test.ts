import { expect, test } from 'vitest';
import { mean } from '../../../core/statistics.ts';
import { AS_CONFIGURED, paperCosts, SAMPLES } from '../../scale/paper-costs.ts';

test('costs are those that videocap plan calculates: an epoch of the config as it is', async () => {
  const { order, costs } = await paperCosts(AS_CONFIGURED, 0.02);
  expect(order).toMatchObject({ steps: 188, samplesPerStep: 8, connections: 64 });
  expect(order.steps * order.samplesPerStep).toBeGreaterThanOrEqual(SAMPLES);
  // `npx videocap plan videocap-r1-qwen2vl-7b --completion-tokens 400`: 23 s sampling, 0.9 s update, 64 questions.
  expect(costs.sampling(8)).toBeCloseTo(23.1, 1);
  expect(costs.update).toBeCloseTo(0.92, 2);
  expect([2, 4, 8].map(costs.questions)).toEqual([16, 32, 64]);
});

test('a part takes the tokens of its longest text, as the whole does', async () => {
  const { costs } = await paperCosts({ ...AS_CONFIGURED, samplesPerPart: 2 }, 0);
  expect(costs.sampling(2)).toBeGreaterThan(0.9 * costs.sampling(8));
});

test('latencies of the judge have the median that was asked for, the same at each call', async () => {
  const { costs } = await paperCosts({ ...AS_CONFIGURED, latency: 4 }, 0);
  const drawn = Array.from({ length: 2000 }, (_, n) => costs.latency(1, n));
  expect(costs.latency(1, 7)).toBe(drawn[7]);
  expect(drawn.toSorted((a, b) => a - b)[1000]).toBeCloseTo(4, 0);
  expect(mean(drawn.map((seconds) => Math.log(seconds / 4) ** 2))).toBeCloseTo(0.25, 1);
});
