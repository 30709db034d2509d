import { mean } from '../../core/statistics.ts';
import { percentile } from './history-figures.ts';
import { pollersOf } from './load-settings.ts';
import { table, wrapped } from './markdown.ts';
import type { Part, Played } from './temporal-load.ts';

const TITLES: Record<Part | 'others', string> = {
  temporal: 'Temporal',
  postgres: 'PostgreSQL',
  workers: 'workers',
  others: 'other programs',
};

export const stepsPerSecond = ({ runs, steps, seconds }: Played) => (runs * steps) / seconds;
const megabytes = (size: number) => Math.round(size / 1e6).toLocaleString('en-US');
const whole = (number: number) => Math.round(number).toLocaleString('en-US');
const at = (numbers: readonly number[], ...shares: number[]) =>
  shares.map((share) => whole(percentile(numbers, share))).join(' / ');

/** Throughput, latencies, memory and processors of loads, a row each. */
export function loadTable(loads: readonly (readonly [name: string, load: Played])[]): string {
  return table(
    [
      ...['', 'seconds', 'steps / s', 'activities / s', 'activity waits, ms', 'workflow task waits, ms', 'step, ms'],
      ...['memory, MB', 'cores busy'],
    ],
    loads.map(([name, load]) => [
      name,
      load.seconds.toFixed(0),
      stepsPerSecond(load).toFixed(1),
      (load.activities / load.seconds).toFixed(0),
      at(load.histories.activityWaits, 0.5, 0.95, 0.99),
      at(load.histories.workflowTaskWaits, 0.5, 0.95, 0.99),
      at(load.histories.stepTimes, 0.5, 0.95, 0.99),
      (['temporal', 'postgres', 'workers'] as const)
        .map((part) => megabytes(Math.max(...load.memory[part])))
        .join(' / '),
      (['temporal', 'postgres', 'workers', 'others'] as const).map((part) => load.busy[part].toFixed(2)).join(' / '),
    ]),
  );
}

/** What the columns of `loadTable` mean. */
export const COLUMNS = wrapped(
  'Three latencies are the median, the 95th and the 99th percentile, from the histories of at most 50 runs. An ' +
    'activity or a workflow task waits from the moment that the server schedules it until a worker has it; a step is ' +
    'the time from one update to the next. Memory is the most of Temporal / PostgreSQL / workers, shared pages ' +
    'counted once; cores are those that Temporal / PostgreSQL / workers / other programs kept busy on average.',
);

/** A core of which so much is used has no more to give. */
const FULL = 0.9;
/** Of the machine: with more, what gives first is not known. */
const MOST_OTHERS = 0.2;

/** What a load comes up against first, as a sentence. */
export function firstLimit(load: Played): string {
  const { busy, cores, settings } = load;
  const parts = (Object.entries(busy) as [Part | 'others', number][]).sort(([, a], [, b]) => b - a);
  const together = parts.reduce((sum, [, used]) => sum + used, 0);
  const list = parts.map(([part, used]) => `${TITLES[part]} ${used.toFixed(2)}`).join(', ');
  if (busy.others > MOST_OTHERS * cores)
    return (
      `Other programs kept ${busy.others.toFixed(2)} of ${cores} cores busy, so the times are no measure of a quiet ` +
      `machine, and what gives first is not known (${list}).`
    );
  if (together >= FULL * cores)
    return `The processors give first: ${together.toFixed(2)} of ${cores} cores are busy (${list}).`;
  const perProcess = busy.workers / settings.processes;
  if (perProcess >= FULL)
    return (
      `The worker processes give first: each keeps ${perProcess.toFixed(2)} cores busy, and activities and workflow ` +
      `tasks share one thread of it; ${together.toFixed(2)} of ${cores} cores are busy in all (${list}).`
    );
  return (
    `Neither processors nor memory give: ${together.toFixed(2)} of ${cores} cores are busy (${list}). What is left ` +
    `of a step's ${whole(percentile(load.histories.stepTimes, 0.5))} ms is waiting between Temporal's services and ` +
    'its database.'
  );
}

/** Of the executions of a long run, in order: whether later steps cost as much as earlier ones. */
export function growthTable({ executions }: Played): string {
  const shown = executions.length <= 8 ? executions : pickEvenly(executions, 8);
  return table(
    ['execution', 'events', 'history, MB', 'median step, ms', 'p95, ms'],
    shown.map((one) => [
      `${executions.indexOf(one) + 1} of ${executions.length}`,
      whole(one.events),
      (one.bytes / 1e6).toFixed(2),
      at(one.stepTimes, 0.5),
      at(one.stepTimes, 0.95),
    ]),
  );
}

function pickEvenly<T>(items: readonly T[], count: number): T[] {
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!);
}

/** Memory near the start of a load and near its end, as a sentence. */
export function memorySentence({ memory }: Played): string {
  const tenth = (samples: readonly number[]) => Math.max(1, Math.floor(samples.length / 10));
  const grown = (['temporal', 'postgres', 'workers'] as const).map((part) => {
    const samples = memory[part];
    const size = tenth(samples);
    const [early, late] = [mean(samples.slice(size, 2 * size)), mean(samples.slice(-size))];
    return `${TITLES[part]} ${megabytes(early)} MB and ${megabytes(late)} MB`;
  });
  return `Memory in the second tenth of the time and in the last one: ${grown.join('; ')}.`;
}

/** What runs side by side add to the workers' memory, as a sentence. */
export function memoryPerRun({ memory: { workers }, runs }: Played): string {
  const bytes = (Math.max(...workers) - workers[0]!) / runs;
  return `Each run adds ${(bytes / 1e6).toFixed(1)} MB to the memory of the workers at its most.`;
}

/** What a step adds to histories, from the events and bytes of all executions that were read. */
export function historySentence(load: Played): string {
  const { executions, histories, steps, readRuns } = load;
  const bytes = executions.reduce((sum, one) => sum + one.bytes, 0) / (readRuns * steps);
  const events = histories.events / (readRuns * steps);
  const activities = histories.activities / (readRuns * steps);
  return (
    `A step has ${activities.toFixed(1)} activities, ${events.toFixed(0)} events and ${(bytes / 1000).toFixed(1)} kB ` +
    'of history, the start and the end of its run spread over its steps. ' +
    `Attempts that had to be repeated: ${whole(histories.repeated)}.`
  );
}

export function settingsText({ settings }: Played): string {
  const { server, processes } = settings;
  const workers = processes === 1 ? 'one process' : `${processes} processes`;
  return `${workers}, ${pollersOf(settings)} pollers, ${server.shards} shards`;
}
