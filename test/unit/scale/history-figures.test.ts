import { readFileSync } from 'node:fs';
import type { temporal } from '@temporalio/proto';
import { expect, test } from 'vitest';
import { historyFigures, joined, percentile } from '../../scale/history-figures.ts';

const at = (eventId: number, seconds: number, attributes: object = {}) =>
  ({
    eventId,
    eventTime: { seconds, nanos: 250_000_000 },
    ...attributes,
  }) as unknown as temporal.api.history.v1.IHistoryEvent;
const scheduled = (name: string) => ({ activityTaskScheduledEventAttributes: { activityType: { name } } });
const begun = (scheduledEventId: number, attempt = 1) => ({
  activityTaskStartedEventAttributes: { scheduledEventId, attempt },
});
const ended = (scheduledEventId: number) => ({ activityTaskCompletedEventAttributes: { scheduledEventId } });

test('waits, workflow tasks and steps come from the events that belong together', () => {
  const figures = historyFigures([
    at(1, 0),
    at(2, 10),
    at(3, 12, { workflowTaskStartedEventAttributes: { scheduledEventId: 2 } }),
    at(4, 15, { workflowTaskCompletedEventAttributes: { scheduledEventId: 2, startedEventId: 3 } }),
    at(5, 15, scheduled('updatePolicy')),
    at(6, 16, scheduled('recordStep')),
    at(7, 20, begun(5)),
    at(8, 21, ended(5)),
    at(9, 22, begun(6)),
    at(10, 23, ended(6)),
    at(11, 30, scheduled('updatePolicy')),
    at(12, 31, begun(11, 3)),
    at(13, 41, ended(11)),
  ]);
  expect(figures).toEqual({
    ...{ events: 13, activities: 3, steps: 2, repeated: 2 },
    ...{ workflowTaskWaits: [2000], workflowTasks: [3000], activityWaits: [5000, 6000, 1000], stepTimes: [20_000] },
  });
  expect(joined([figures, figures])).toMatchObject({
    events: 26,
    activities: 6,
    steps: 4,
    stepTimes: [20_000, 20_000],
  });
});

test('a recorded history of a run', () => {
  const text = readFileSync('test/histories/trainingRun.grpo.json', 'utf8');
  const { events } = JSON.parse(text) as { events: Record<string, object>[] };
  const names = events.flatMap(({ activityTaskScheduledEventAttributes: attributes }) =>
    attributes ? [(attributes as { activityType: { name: string } }).activityType.name] : [],
  );
  // JSON has times as texts.
  const timed = events.map((event) => ({
    ...event,
    eventTime: { seconds: Date.parse(String(event.eventTime)) / 1000 },
  }));
  const figures = historyFigures(timed as never);
  expect(figures.steps).toBe(names.filter((name) => name === 'updatePolicy').length);
  expect(figures.stepTimes).toHaveLength(figures.steps - 1);
  expect(Math.min(...figures.activityWaits, ...figures.workflowTaskWaits, ...figures.stepTimes)).toBeGreaterThanOrEqual(
    0,
  );
});

test('percentiles are numbers that were measured', () => {
  expect([0.01, 0.5, 0.95, 1].map((share) => percentile([4, 1, 3, 2], share))).toEqual([1, 2, 4, 4]);
  expect(percentile([], 0.5)).toBeNaN();
});
