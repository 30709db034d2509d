import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { allCells, BUTTON_CELLS, IN_PARTS, LAGGED, SECOND_ROUND } from './cells.ts';
import { playAll } from './play-all.ts';
import { matrixTable } from './table.ts';
import { ChaosWorld } from './world.ts';

/**
 * `npm run chaos [-- --seed 1 --only judge --lanes 2]`: plays every cell of the crash matrix and writes
 * `docs/crash-matrix.md` and `.json`. `--only` takes a stage, a victim or an experiment and writes nothing. Ends with 1
 * when a cell does not hold.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    lanes: { type: 'string', default: '4' },
  },
});
const seed = Number(values.seed);
const cells = [...allCells(seed), ...SECOND_ROUND, ...LAGGED, ...IN_PARTS, ...BUTTON_CELLS].filter(
  ({ stage, victim, experiment }) => !values.only || [stage, victim, experiment].includes(values.only as never),
);
const started = performance.now();
const results = await playAll(cells, Number(values.lanes), () => ChaosWorld.start());
const failed = results.filter(({ holds }) => !holds);
const minutes = (performance.now() - started) / 60_000;
if (!values.only) {
  await writeFile('docs/crash-matrix.md', matrixTable(results, { seed, minutes }));
  await writeFile('docs/crash-matrix.json', `${JSON.stringify({ seed, cells: results }, null, 2)}\n`);
}
process.stdout.write(
  `${results.length - failed.length} of ${results.length} cells hold, ${minutes.toFixed(1)} minutes\n`,
);
process.exit(failed.length === 0 ? 0 : 1);
