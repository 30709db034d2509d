import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface History {
  events: {
    activityTaskScheduledEventAttributes?: { activityType: { name: string }; heartbeatTimeout: string };
  }[];
}

const folder = fileURLToPath(new URL('../../histories/', import.meta.url));

function heartbeats(file: string): [activity: string, seconds: number][] {
  const { events } = JSON.parse(readFileSync(`${folder}${file}`, 'utf8')) as History;
  const scheduled = events.flatMap(({ activityTaskScheduledEventAttributes: attributes }) => attributes ?? []);
  return scheduled.map(({ activityType, heartbeatTimeout }) => [
    activityType.name,
    Number(/^(\d+)s$/.exec(heartbeatTimeout)?.[1]),
  ]);
}

/** A worker that dies is noticed by its missing heartbeats, so every activity of every workflow must have to send them. */
describe('a dead worker is noticed within 15 s', () => {
  // A run with a wrong input ends before its first activity.
  const files = readdirSync(folder).filter((file) => heartbeats(file).length > 0);

  it.each(files)('in every activity of %s', (file) => {
    for (const [activity, seconds] of heartbeats(file)) {
      expect(seconds, activity).toBeGreaterThan(2 * 2); // beats come every 2 s, and one may be late
      expect(seconds, activity).toBeLessThanOrEqual(15);
    }
  });

  it('in each kind of workflow', () => {
    const kinds = new Set(files.map((file) => file.split('.')[0]));
    expect([...kinds].sort()).toEqual(['benchmarkRun', 'datasetAnnotation', 'trainingRun']);
  });
});
