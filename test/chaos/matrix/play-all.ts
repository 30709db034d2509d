import { type Cell, nameOf } from './cells.ts';
import type { Outcome } from './compare.ts';
import { type CellResult, type PlayOptions, playCalm, playCell } from './play-cell.ts';
import type { ChaosWorld } from './world.ts';

/**
 * Plays cells in so many worlds side by side, each cell beside an undisturbed run of its experiment in the same world,
 * and says how each went.
 * @returns results in the order of the cells.
 */
export async function playAll(
  cells: readonly Cell[],
  lanes: number,
  startWorld: () => Promise<ChaosWorld>,
  options: PlayOptions = {},
): Promise<CellResult[]> {
  const results = new Map<Cell, CellResult>();
  const waiting = [...cells];
  const lane = async () => {
    const world = await startWorld();
    try {
      const calms = new Map<Cell['experiment'], Promise<Outcome>>();
      for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
        const { experiment } = cell;
        const calm = calms.get(experiment) ?? playCalm(world, experiment, options);
        calms.set(experiment, calm);
        const result = await playCell(world, await calm, cell, options);
        results.set(cell, result);
        const verdict = result.holds ? 'ok' : `FAILED: ${[...result.differs, ...result.madeTwice].join(', ')}`;
        process.stdout.write(`${results.size}/${cells.length}  ${nameOf(cell)}: ${verdict}, ${result.seconds} s\n`);
      }
    } finally {
      await world.stop();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return cells.map((cell) => results.get(cell)!);
}
