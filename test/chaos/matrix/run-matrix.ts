import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { allCells, BUTTON_CELLS, type Cell, LAGGED, nameOf, SECOND_ROUND } from './cells.ts';
import type { Outcome } from './compare.ts';
import { type CellResult, playCalm, playCell } from './play-cell.ts';
import { matrixTable } from './table.ts';
import { ChaosWorld } from './world.ts';

/**
 * `npm run chaos [-- --seed 1 --only judge --lanes 2]`: plays every cell of the crash matrix and writes
 * `docs/crash-matrix.md` and `.json`. `--only` takes a stage or a victim and writes nothing. Ends with 1 when a cell
 * does not hold.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    lanes: { type: 'string', default: '4' },
  },
});
const seed = Number(values.seed);
const cells = [...allCells(seed), ...SECOND_ROUND, ...LAGGED, ...BUTTON_CELLS].filter(
  ({ stage, victim }) => !values.only || [stage, victim].includes(values.only as never),
);
const started = performance.now();
const results = new Map<Cell, CellResult>();
const waiting = [...cells];

async function lane(): Promise<void> {
  const world = await ChaosWorld.start();
  try {
    const calms = new Map<Cell['experiment'], Promise<Outcome>>();
    for (let cell = waiting.shift(); cell; cell = waiting.shift()) {
      const { experiment } = cell;
      const calm = calms.get(experiment) ?? playCalm(world, experiment);
      calms.set(experiment, calm);
      const result = await playCell(world, await calm, cell);
      results.set(cell, result);
      const verdict = result.holds ? 'ok' : `FAILED: ${[...result.differs, ...result.madeTwice].join(', ')}`;
      process.stdout.write(`${results.size}/${cells.length}  ${nameOf(cell)}: ${verdict}, ${result.seconds} s\n`);
    }
  } finally {
    await world.stop();
  }
}

await Promise.all(Array.from({ length: Number(values.lanes) }, lane));
const ordered = cells.map((cell) => results.get(cell)!);
const failed = ordered.filter(({ holds }) => !holds);
const minutes = (performance.now() - started) / 60_000;
if (!values.only) {
  await writeFile('docs/crash-matrix.md', matrixTable(ordered, { seed, minutes }));
  await writeFile('docs/crash-matrix.json', `${JSON.stringify({ seed, cells: ordered }, null, 2)}\n`);
}
process.stdout.write(
  `${ordered.length - failed.length} of ${ordered.length} cells hold, ${minutes.toFixed(1)} minutes\n`,
);
process.exit(failed.length === 0 ? 0 : 1);
