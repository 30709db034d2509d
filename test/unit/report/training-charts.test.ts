import { expect, test } from 'vitest';
import { trainingCharts } from '../../../report/training-charts.ts';
import { RewardConfig } from '../../../rewards/registry.ts';

const records = [1, 2].map((step) => ({
  ...{ step, time: step, rollouts: [] },
  metrics: { 'reward/mean': 1, 'reward/format': 1, 'reward/mine': -0.5 },
}));

test('the rewards are drawn over the range of the components that there are', () => {
  const { text } = trainingCharts(records, [], RewardConfig.parse({}))!;
  expect(text).toContain('step means, each from 0 to 1; lines');
  expect(text).not.toContain('mine');
});

test('a custom reward has a line of its own, in a colour of its own', () => {
  const reward = RewardConfig.parse({ custom: { mine: { kind: 'http', range: [-1, 1] } } });
  const { text } = trainingCharts(records, [], reward)!;
  expect(text).toContain('step means, each from -1 to 1; lines');
  expect(text).toMatch(/<i style="background:var\(--accent\)"><\/i>mine <b>-0\.50<\/b>/);
});
