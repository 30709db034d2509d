import { expect, test } from 'vitest';
import type { StepRecord } from '../../../contracts/run-results.ts';
import { trainingCharts } from '../../../report/training-charts.ts';

const records = (metrics: Record<string, number>): StepRecord[] =>
  [1, 2].map((step) => ({ step, time: step, metrics, rollouts: [] }));

test('the rewards that were scored have a line each, within the ranges of these alone', () => {
  const paper = { 'reward/format': 1, 'reward/think': 0.5, 'reward/caption': 0.25 };
  const { text } = trainingCharts(records(paper), [])!;
  expect(text).toContain('each from 0 to 1;');
  expect(text).not.toContain('overlong');
  const { text: more } = trainingCharts(records({ ...paper, 'reward/overlong': -0.5 }), [])!;
  expect(more).toContain('each from -1 to 1;');
  expect(more).toContain('overlong <b>-0.50</b>');
});
