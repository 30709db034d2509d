import { expect, test } from 'vitest';
import {
  firstLimit,
  growthTable,
  historySentence,
  loadTable,
  memoryPerRun,
  memorySentence,
} from '../../scale/load-section.ts';
import { AS_DEPLOYED, changed, pollersOf } from '../../scale/load-settings.ts';
import type { Played } from '../../scale/temporal-load.ts';

const PLAYED: Played = {
  ...{ runs: 20, steps: 10, settings: AS_DEPLOYED, seconds: 40, activities: 1800, readRuns: 2, cores: 4 },
  histories: {
    ...{ events: 1000, activities: 180, steps: 20, repeated: 0 },
    ...{ activityWaits: [5], workflowTaskWaits: [7], workflowTasks: [9], stepTimes: [100, 200, 300] },
  },
  executions: [
    { events: 500, bytes: 200_000, stepTimes: [100] },
    { events: 500, bytes: 160_000, stepTimes: [200, 300] },
  ],
  memory: { temporal: [1e6, 3e6, 2e6], postgres: [1e6, 1e6, 1e6], workers: [4e6, 5e6, 9e6] },
  busy: { temporal: 0.5, postgres: 0.25, workers: 0.5, others: 0.1 },
};

test('a row has throughput, percentiles, most memory and busy cores', () => {
  const [, , row] = loadTable([['twenty', PLAYED]]).split('\n');
  expect(row).toBe(
    '| twenty | 40 | 5.0 | 45 | 5 / 5 / 5 | 7 / 7 / 7 | 200 / 300 / 300 | 3 / 1 / 9 | 0.50 / 0.25 / 0.50 / 0.10 |',
  );
});

test('histories, executions and memory of a load', () => {
  expect(historySentence(PLAYED)).toContain('9.0 activities, 50 events and 18.0 kB');
  expect(growthTable(PLAYED).split('\n').at(-1)).toBe('| 2 of 2 | 500 | 0.16 | 200 | 300 |');
  expect(memorySentence(PLAYED)).toContain('workers 5 MB and 9 MB');
  expect(memoryPerRun(PLAYED)).toContain('0.3 MB');
});

test('the cores show what gives first, where other programs leave them alone', () => {
  const withBusy = (busy: Partial<Played['busy']>, processes = 1) =>
    firstLimit({ ...PLAYED, settings: changed(AS_DEPLOYED, { processes }), busy: { ...PLAYED.busy, ...busy } });
  expect(withBusy({})).toMatch(/^Neither processors nor memory/);
  expect(withBusy({ workers: 1.2 })).toMatch(/^The worker processes give first/);
  expect(withBusy({ workers: 1.2 }, 2)).toMatch(/^Neither/);
  expect(withBusy({ temporal: 3 })).toMatch(/^The processors give first: 3.85 of 4 cores are busy \(Temporal 3.00/);
  expect(withBusy({ others: 1 })).toMatch(/^Other programs kept 1.00 of 4/);
});

test('pollers are counted over all processes and queues', () => {
  expect(pollersOf(AS_DEPLOYED)).toBe(50);
  expect(pollersOf(changed(AS_DEPLOYED, { processes: 4, worker: { workflowPollers: 5, activityPollers: 5 } }))).toBe(
    100,
  );
});
