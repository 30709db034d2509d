import { AT_ONCE, FINISHED, paidBy, QUESTIONS_AT_ONCE, tableOf } from './sweep-experiment.ts';
import {
  type PlayedSweep,
  SWEEP_MOMENTS,
  SWEEP_VICTIMS,
  type SweepMoment,
  type SweepVictim,
  SweepWorld,
} from './sweep-world.ts';

/** What came of one cell. It holds when the strike happened and nothing differs. */
export interface SweepCellResult {
  victim: SweepVictim;
  moment: SweepMoment;
  differs: string[];
  /** Answers that were on their way when a worker died, asked for again. */
  paidAgain: number;
  seconds: number;
}

const MOMENT_NAMES = Object.keys(SWEEP_MOMENTS) as SweepMoment[];

/** Plays a sweep for each victim and moment, in so many worlds side by side, each beside an undisturbed one. */
export async function playSweepCells(lanes: number): Promise<SweepCellResult[]> {
  const cells = SWEEP_VICTIMS.flatMap((victim) => MOMENT_NAMES.map((moment) => ({ victim, moment })));
  const results = new Map<object, SweepCellResult>();
  const waiting = [...cells];
  const lane = async () => {
    const world = await SweepWorld.start();
    try {
      const calm = await world.play('calm');
      for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
        const result = await playCell(world, calm, cell);
        results.set(cell, result);
        const verdict = result.differs.length === 0 ? 'ok' : `FAILED: ${result.differs.join(', ')}`;
        const name = `sweep, ${cell.victim} struck when ${cell.moment}`;
        process.stdout.write(`${results.size}/${cells.length}  ${name}: ${verdict}, ${result.seconds} s\n`);
      }
    } finally {
      await world.stop();
    }
  };
  await Promise.all(Array.from({ length: Math.min(lanes, cells.length) }, lane));
  return cells.map((cell) => results.get(cell)!);
}

let played = 0;

async function playCell(
  world: SweepWorld,
  calm: PlayedSweep,
  cell: { victim: SweepVictim; moment: SweepMoment },
): Promise<SweepCellResult> {
  try {
    const struck = await world.play(`cell-${++played}`, cell);
    return { ...cell, ...compare(calm, struck, cell.victim), seconds: struck.seconds };
  } catch (error) {
    return { ...cell, differs: [(error as Error).message], paidAgain: 0, seconds: 0 };
  }
}

function compare(calm: PlayedSweep, struck: PlayedSweep, victim: SweepVictim) {
  const again = [...struck.answered.values()].reduce((sum, times) => sum + times - 1, 0);
  const lostAtMost = victim === "the arms' worker" ? AT_ONCE * QUESTIONS_AT_ONCE : 0;
  const questions = ({ answered }: PlayedSweep) => JSON.stringify([...answered.keys()].sort());
  const differs = [
    ...(struck.struck ? [] : ['the moment never came']),
    ...(finishedOf(struck) === FINISHED.join() ? [] : [`runs: ${finishedOf(struck)}`]),
    ...(tableOf(struck.summary) === tableOf(calm.summary) ? [] : ['table']),
    ...(paidBy(struck.summary) === paidBy(calm.summary) ? [] : ['calls that runs count as paid']),
    ...(questions(struck) === questions(calm) ? [] : ['questions']),
    ...(again <= lostAtMost ? [] : [`the judge answered ${again} questions again`]),
  ];
  return { differs, paidAgain: again };
}

function finishedOf({ summary }: PlayedSweep): string {
  return summary.outcomes
    .filter(({ arm }) => arm !== 'broken')
    .map(({ arm, seed, state }) => `${arm} ${seed} ${state}`)
    .join();
}

/** The cells as a section of the crash matrix, in Markdown. */
export function sweepSection(results: readonly SweepCellResult[]): string[] {
  const held = results.filter(({ differs }) => differs.length === 0).length;
  const cell = ({ differs, seconds, paidAgain }: SweepCellResult) =>
    differs.length > 0
      ? `**${differs.join(', ').slice(0, 60)}**`
      : `ok, ${seconds.toFixed(0)} s${paidAgain === 0 ? '' : `, ${paidAgain} asked again`}`;
  return [
    '## Sweeps',
    '',
    'Each cell is a whole sweep of two arms with two seeds, two runs at a time, and a third arm that cannot start. One',
    "process dies once: Temporal, the worker that runs the workflows of the sweep and its runs (the sweep's), or the",
    "one that makes all stages (the arms'). `ok` means: the sweep ended by itself, every run of the two arms finished,",
    'the table equals that of the undisturbed sweep byte by byte but for times, and the judge answered no question',
    'twice, except answers on their way when a worker died.',
    '',
    `${held} of ${results.length} cells hold.`,
    '',
    `| dies when | ${MOMENT_NAMES.join(' | ')} |`,
    `|---|${MOMENT_NAMES.map(() => '---|').join('')}`,
    ...SWEEP_VICTIMS.map((victim) => {
      const row = MOMENT_NAMES.map((moment) =>
        cell(results.find((result) => result.victim === victim && result.moment === moment)!),
      );
      return `| ${victim} | ${row.join(' | ')} |`;
    }),
    '',
  ];
}
