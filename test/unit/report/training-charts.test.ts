import { expect, test } from 'vitest';
import type { StepRecord } from '../../../contracts/run-results.ts';
import { trainingCharts } from '../../../report/training-charts.ts';
import { RewardConfig } from '../../../rewards/registry.ts';

const records = (metrics: Record<string, number>): StepRecord[] =>
  [1, 2].map((step) => ({ step, time: step, metrics }));
const paper = { 'reward/format': 1, 'reward/think': 0.5, 'reward/caption': 0.25 };

test('the rewards that were scored have a line each, and the range of these alone, where it is the same', () => {
  const reward = RewardConfig.parse({ overlong: { maxTokens: 10, cacheTokens: 4 } });
  const { text } = trainingCharts(records(paper), [], reward)!;
  expect(text).toContain('each from 0 to 1;');
  expect(text).not.toContain('overlong');
  const { text: more } = trainingCharts(records({ ...paper, 'reward/overlong': -0.5 }), [], reward)!;
  expect(more).toContain('step means; lines');
  expect(more).toContain('overlong <b>-0.50</b>');
});

test('a custom reward has a line of its own, in a colour of its own', () => {
  const reward = RewardConfig.parse({ custom: { mine: { kind: 'http', range: [-1, 1] } } });
  const { text } = trainingCharts(records({ ...paper, 'reward/mine': -0.5 }), [], reward)!;
  expect(text).toContain('step means; lines');
  expect(text).toMatch(/<i style="background:var\(--accent\)"><\/i>mine <b>-0\.50<\/b>/);
});
