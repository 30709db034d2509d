import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import pLimit from 'p-limit';
import { startWorker, type WorkerProcess } from '../chaos/worker-process.ts';
import { TemporalOnPostgres, type TemporalPrograms } from '../hosts/temporal-on-postgres.ts';
import { type HistoryFigures, historyFigures, joined } from './history-figures.ts';
import type { LoadSettings } from './load-settings.ts';
import { machineSeconds, type ProcessFigures, processFigures } from './process-figures.ts';

/** Runs side by side, each of so many steps. */
export interface Load {
  runs: number;
  steps: number;
  settings: LoadSettings;
}

export type Part = 'temporal' | 'postgres' | 'workers';

/** What became of a load. */
export interface Played extends Load {
  /** From the first start until no run is left. */
  seconds: number;
  /** All activities; steps are `runs * steps`. */
  activities: number;
  /** Of the histories that were read: all executions of some runs. */
  histories: HistoryFigures;
  readRuns: number;
  /** Executions of these runs, one after the other: each continues as new before its history is too large. */
  executions: { events: number; bytes: number; stepTimes: number[] }[];
  /** Memory in bytes over time, each part's first sample being that of the idle processes. */
  memory: Record<Part, number[]>;
  /** Cores that were busy, on average, of `cores`. */
  busy: Record<Part | 'others', number>;
  cores: number;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
const PARTS: readonly Part[] = ['temporal', 'postgres', 'workers'];
/** Histories are read of at most so many runs, evenly among all. */
const READ = 50;
const STARTED_TOGETHER = 50;
const LOOK_EVERY = 1000;

/**
 * Plays a load on a server of its own. @param tell takes a line of progress now and then.
 * @throws Error where a run fails, and at SIGINT or SIGTERM, after server and workers have ended.
 */
export async function play(load: Load, programs: TemporalPrograms, tell: (line: string) => void): Promise<Played> {
  const server = new TemporalOnPostgres(programs, load.settings.server);
  const workers: WorkerProcess[] = [];
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  const interrupted = once(interruption.signal, 'abort').then(() => {
    throw new Error('The measurement was interrupted.');
  });
  for (const signal of SIGNALS) process.once(signal, interrupt);
  try {
    await Promise.race([server.start(), interrupted]);
    for (let i = 0; i < load.settings.processes; i++) workers.push(await loadWorker(server.address, load.settings));
    const roots = {
      temporal: [server.processes.temporal],
      postgres: [server.processes.postgres],
      workers: workers.map(({ pid }) => pid),
    };
    return await Promise.race([measured(load, server.address, roots, tell), interrupted]);
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt);
    await Promise.all(workers.map((worker) => worker.kill()));
    await server.kill();
  }
}

function loadWorker(temporalAddress: string, { worker }: LoadSettings): Promise<WorkerProcess> {
  const nowhere = { mlflowUrl: 'http://127.0.0.1:9', home: '/nonexistent' };
  const program = ['core/run-typescript.mjs', 'test/scale/load-worker.ts'];
  return startWorker({ temporalAddress, ...nowhere, program, env: { SCALE_WORKER: JSON.stringify(worker) } });
}

async function measured(
  load: Load,
  address: string,
  roots: Record<Part, number[]>,
  tell: (line: string) => void,
): Promise<Played> {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const memory: Record<Part, number[]> = { temporal: [], postgres: [], workers: [] };
  const sample = async () => {
    const now = await processFigures(roots);
    for (const part of PARTS) memory[part].push(now[part].bytes);
    return now;
  };
  const before = { parts: await sample(), machine: await machineSeconds(), at: performance.now() };
  const atOnce = pLimit(STARTED_TOGETHER);
  const args = [{ overrides: { 'algorithm.steps': load.steps } }];
  const ids = Array.from({ length: load.runs }, (_, i) => `scale-${i}`);
  const handles = await Promise.all(
    ids.map((workflowId) =>
      atOnce(() => client.workflow.start('trainingRun', { taskQueue: 'videocap', workflowId, args })),
    ),
  );
  await untilEnded(client, load, sample, tell);
  const seconds = (performance.now() - before.at) / 1000;
  const [after, machine] = [await sample(), await machineSeconds()];
  const step = Math.max(1, Math.ceil(handles.length / READ));
  const read = handles.filter((_, i) => i % step === 0);
  tell(`reading the histories of ${read.length} runs`);
  const executions = [];
  for (const handle of read) executions.push(...(await executionsOf(client, handle)));
  await connection.close();
  const histories = joined(executions.map(({ figures }) => figures));
  return {
    ...load,
    ...{ seconds, histories, readRuns: read.length },
    activities: Math.round((histories.activities * load.runs) / read.length),
    executions: executions.map(({ figures, bytes }) => ({
      ...{ events: figures.events, bytes, stepTimes: figures.stepTimes },
    })),
    memory,
    busy: busyCores(before.parts, after, machine - before.machine, seconds),
    cores: availableParallelism(),
  };
}

/** @throws Error with the first failure of a run. */
async function untilEnded(
  client: Client,
  { runs }: Load,
  sample: () => Promise<unknown>,
  tell: (line: string) => void,
): Promise<void> {
  const count = async (status: string) => (await client.workflow.count(`ExecutionStatus="${status}"`)).count;
  for (let looks = 0; ; looks += 1) {
    const [completed, failed] = await Promise.all(['Completed', 'Failed'].map(count));
    if (failed! > 0) await throwFailure(client);
    if (completed === runs) return;
    if (looks % 15 === 14) {
      // Not by a query, which the workers would have to answer.
      const { historyLength } = await client.workflow.getHandle('scale-0').describe();
      tell(`${completed} of ${runs} runs have ended; the first has ${historyLength} events in its present execution`);
    }
    if (looks % 5 === 0) await sample();
    await sleep(LOOK_EVERY);
  }
}

async function throwFailure(client: Client): Promise<void> {
  for await (const { workflowId } of client.workflow.list({ query: 'ExecutionStatus="Failed"' }))
    await client.workflow.getHandle(workflowId).result();
}

/** The executions of a run, first to last. */
async function executionsOf(client: Client, { workflowId, firstExecutionRunId }: Started) {
  const found: { figures: HistoryFigures; bytes: number }[] = [];
  for (let runId: string | undefined = firstExecutionRunId; runId; ) {
    const handle: WorkflowHandle = client.workflow.getHandle(workflowId, runId);
    const [{ historySize = 0 }, { events }] = await Promise.all([handle.describe(), handle.fetchHistory()]);
    found.push({ figures: historyFigures(events!), bytes: historySize });
    runId = events!.at(-1)!.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId ?? undefined;
  }
  return found;
}

interface Started {
  workflowId: string;
  firstExecutionRunId: string;
}

function busyCores(
  before: Record<Part, ProcessFigures>,
  after: Record<Part, ProcessFigures>,
  machine: number,
  seconds: number,
): Played['busy'] {
  const own = (part: Part) => (after[part].seconds - before[part].seconds) / seconds;
  const busy = { temporal: own('temporal'), postgres: own('postgres'), workers: own('workers') };
  return { ...busy, others: Math.max(0, machine / seconds - busy.temporal - busy.postgres - busy.workers) };
}
