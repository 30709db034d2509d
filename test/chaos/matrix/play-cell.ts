import { rm } from 'node:fs/promises';
import { type Cell, isButton, isOfBucket, nameOf } from './cells.ts';
import { differences, madeTwice, type Outcome, outcomeOf, paidAgain } from './compare.ts';
import { matrixExperiment } from './experiment.ts';
import type { ChaosWorld } from './world.ts';

/** What came of one cell. It holds when the strike happened, nothing differs, and nothing was made or paid twice. */
export interface CellResult extends Cell {
  holds: boolean;
  /** What differs from the undisturbed run: nothing, or what went wrong. */
  differs: string[];
  madeTwice: string[];
  /** Answers that were on their way when the worker died, asked for again. */
  paidAgain: number;
  seconds: number;
}

/** What a run is of which a cell names the experiment. */
export type ExperimentOf = (judgeUrl: string, name: Cell['experiment']) => object;
const ofMatrix = matrixExperiment as ExperimentOf;

export interface PlayOptions {
  experimentOf?: ExperimentOf;
  /** Of one run. */
  longestSeconds?: number;
}

/** The undisturbed run that all others of the same experiment are held against. */
export async function playCalm(
  world: ChaosWorld,
  experiment?: Cell['experiment'],
  { experimentOf = ofMatrix, ...options }: PlayOptions = {},
): Promise<Outcome> {
  const name = `calm-${experiment ?? 'usual'}`.replaceAll(/\W+/g, '-');
  const played = await world.play(name, experimentOf(world.judge.baseUrl, experiment), options);
  if (madeTwice(played).length > 0 || paidAgain(played) > 0)
    throw new Error(`The undisturbed run did work twice: ${madeTwice(played)}`);
  if (played.points.length === 0) throw new Error('MLflow has nothing of the undisturbed run.');
  const { base, policy } = played.summary;
  if (base.policy.weights.sha256 === policy.weights.sha256) throw new Error('The undisturbed run learnt nothing.');
  return outcomeOf(played);
}

let played = 0;

export async function playCell(
  world: ChaosWorld,
  calm: Outcome,
  cell: Cell,
  { experimentOf = ofMatrix, ...options }: PlayOptions = {},
): Promise<CellResult> {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 100) / 10;
  try {
    const experiment = experimentOf(world.judge.baseUrl, cell.experiment);
    const run = await world.play(`cell-${++played}`, experiment, { cells: [cell], ...options });
    const differs = differences(calm, await outcomeOf(run));
    if (run.struck.length === 0) differs.push('the moment never came');
    if (isOfBucket(cell.victim) && run.met === 0) differs.push('no request met the fault');
    const twice = madeTwice(run);
    await rm(run.home, { recursive: true, force: true });
    return {
      ...cell,
      holds: differs.length === 0 && twice.length === 0 && paidAgain(run) <= lostAtMost(cell),
      differs,
      madeTwice: twice,
      paidAgain: paidAgain(run),
      seconds: seconds(),
    };
  } catch (error) {
    const differs = [`${nameOf(cell)}: ${(error as Error).message}`];
    return { ...cell, holds: false, differs, madeTwice: [], paidAgain: 0, seconds: seconds() };
  }
}

/**
 * A worker that dies while the judge is asked, or an activity that is ended, takes the answers on their way with it: as
 * many as `judge.concurrency` at most. The judge is asked in its own stage, beside the think scorer, and in benchmarks;
 * with a lag, and in parts, beside every stage. After a stage's report the next stage may have begun to ask.
 */
export function lostAtMost({ victim, stage, moment, experiment }: Cell): number {
  if (victim !== 'worker' && !isButton(victim)) return 0;
  const asks = ['judge', 'think', 'benchmark'].includes(stage) || moment === 'after report';
  return asks || experiment === 'rollout lag' || experiment === 'parts' ? 2 : 0;
}
