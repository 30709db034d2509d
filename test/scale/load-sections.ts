import type { TemporalPrograms } from '../hosts/temporal-on-postgres.ts';
import {
  firstLimit,
  growthTable,
  historySentence,
  loadTable,
  memoryPerRun,
  memorySentence,
  settingsText,
  stepsPerSecond,
} from './load-section.ts';
import { AS_DEPLOYED, changed, type LoadSettings, pollersOf } from './load-settings.ts';
import { wrapped } from './markdown.ts';
import { type Played, play } from './temporal-load.ts';

/** Smaller or larger than a section's own size. */
export interface Size {
  runs?: number | undefined;
  steps?: number | undefined;
}

type Tell = (line: string) => void;

async function playAll(
  loads: Readonly<Record<string, LoadSettings>>,
  size: { runs: number; steps: number },
  programs: TemporalPrograms,
  tell: Tell,
): Promise<[name: string, load: Played][]> {
  const played: [string, Played][] = [];
  for (const [name, settings] of Object.entries(loads)) {
    tell(`${name}: ${size.runs} runs of ${size.steps} steps`);
    const load = await play({ ...size, settings }, programs, (line) => tell(`${name}: ${line}`));
    tell(`${name}: ${load.seconds.toFixed(0)} s, ${stepsPerSecond(load).toFixed(1)} steps a second`);
    played.push([name, load]);
  }
  return played;
}

const FOUR_PROCESSES = changed(AS_DEPLOYED, { processes: 4, worker: { workflowPollers: 5, activityPollers: 5 } });

/** One long run: whether anything grows with it. */
export async function longSection({ steps = 10_000 }: Size, programs: TemporalPrograms, tell: Tell): Promise<string> {
  const [first] = await playAll({ 'one run': AS_DEPLOYED }, { runs: 1, steps }, programs, tell);
  const [, load] = first!;
  return [
    wrapped(
      `One run of ${count(steps)} steps, ${settingsText(load)}. ${historySentence(load)} It took ` +
        `${load.executions.length} executions, one after the other. ${memorySentence(load)}`,
    ),
    '',
    loadTable([first!]),
    '',
    growthTable(load),
    '',
    wrapped(firstLimit(load)),
  ].join('\n');
}

/** The same pollers in more processes. */
export async function pollersSection(
  { runs = 100, steps = 10 }: Size,
  programs: TemporalPrograms,
  tell: Tell,
): Promise<string> {
  const split = (processes: number, each: number) =>
    changed(AS_DEPLOYED, { processes, worker: { workflowPollers: each, activityPollers: each } });
  const settings = [AS_DEPLOYED, split(1, 20), split(2, 10), split(4, 5), split(4, 10)];
  const named = Object.fromEntries(settings.map((one) => [`${pollersOf(one)} pollers in ${one.processes}`, one]));
  const loads = await playAll(named, { runs, steps }, programs, tell);
  return [
    wrapped(`${count(runs)} runs of ${count(steps)} steps side by side, with pollers in one to four processes.`),
    '',
    loadTable(loads),
    '',
    wrapped(`${fastest(loads)} ${firstLimit(loads.find(([name]) => name === '100 pollers in 4')![1])}`),
  ].join('\n');
}

/** Many runs at once. */
export async function manySection(
  { runs = 1000, steps = 10 }: Size,
  programs: TemporalPrograms,
  tell: Tell,
): Promise<string> {
  const loads = await playAll(
    { 'one process': AS_DEPLOYED, 'four processes': FOUR_PROCESSES },
    { runs, steps },
    programs,
    tell,
  );
  const [, first] = loads[0]!;
  const [, last] = loads[1]!;
  return [
    wrapped(
      `${count(runs)} runs of ${count(steps)} steps, all started at once: ${settingsText(first)}; and ` +
        `${settingsText(last)}. ${historySentence(first)}`,
    ),
    '',
    loadTable(loads),
    '',
    wrapped(`One process: ${firstLimit(first)} ${memoryPerRun(first)} ${memorySentence(first)}`),
    '',
    wrapped(`Four processes: ${firstLimit(last)} ${memorySentence(last)}`),
  ].join('\n');
}

const RPS = 'history.transferProcessorMaxPollRPS';
const onePartition = { 'matching.numTaskqueueReadPartitions': 1, 'matching.numTaskqueueWritePartitions': 1 };

/** Each differs from the deployment in one thing. */
const VARIATIONS: Readonly<Record<string, LoadSettings>> = {
  'as deployed': AS_DEPLOYED,
  [`\`${RPS}\` 20, the server's own default`]: changed(AS_DEPLOYED, { server: { dynamic: { [RPS]: 20 } } }),
  '`matching.enableFairness` off': changed(AS_DEPLOYED, { server: { dynamic: { 'matching.enableFairness': false } } }),
  'one partition a queue': changed(AS_DEPLOYED, { server: { dynamic: onePartition } }),
  'one shard': changed(AS_DEPLOYED, { server: { shards: 1 } }),
  '16 shards': changed(AS_DEPLOYED, { server: { shards: 16 } }),
  '5 database connections': changed(AS_DEPLOYED, { server: { connections: 5 } }),
  'PostgreSQL without fsync': changed(AS_DEPLOYED, { server: { fsync: false } }),
  '2 pollers a queue': changed(AS_DEPLOYED, { worker: { workflowPollers: 2, activityPollers: 2 } }),
  '100 pollers in 4 processes': FOUR_PROCESSES,
  '40 cached executions': changed(AS_DEPLOYED, { worker: { cached: 40 } }),
};

/** What moves the throughput. */
export async function settingsSection(
  { runs = 100, steps = 10 }: Size,
  programs: TemporalPrograms,
  tell: Tell,
): Promise<string> {
  const loads = await playAll(VARIATIONS, { runs, steps }, programs, tell);
  const [[, base]] = loads as [[string, Played]];
  const ratios = loads.slice(1).map(([name, load]) => ({ name, ratio: stepsPerSecond(load) / stepsPerSecond(base) }));
  ratios.sort((a, b) => Math.abs(Math.log(b.ratio)) - Math.abs(Math.log(a.ratio)));
  const list = ratios.map(({ name, ratio }) => `${name} ${ratio.toFixed(2)}`);
  return [
    wrapped(
      `${count(runs)} runs of ${count(steps)} steps side by side. Each row differs from the first in one setting, ` +
        'and has a server of its own.',
    ),
    '',
    loadTable(loads),
    '',
    wrapped(`Throughput as a multiple of the deployment's, what moves it most first: ${list.join('; ')}.`),
  ].join('\n');
}

function fastest(loads: readonly [name: string, load: Played][]): string {
  const [best, ...others] = loads.toSorted(([, a], [, b]) => stepsPerSecond(b) - stepsPerSecond(a));
  const worst = others.at(-1)!;
  return (
    `The most steps a second have ${best![0]} processes (${stepsPerSecond(best![1]).toFixed(1)}), the fewest ` +
    `${worst[0]} (${stepsPerSecond(worst[1]).toFixed(1)}).`
  );
}

const count = (number: number) => number.toLocaleString('en-US');
