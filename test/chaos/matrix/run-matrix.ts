import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { playSweepCells, sweepSection } from '../sweep/play-sweep-cells.ts';
import { allCells, BUTTON_CELLS, IN_PARTS, LAGGED, SECOND_ROUND } from './cells.ts';
import { playAll } from './play-all.ts';
import { matrixTable } from './table.ts';
import { ChaosWorld } from './world.ts';

/**
 * `npm run chaos [-- --seed 1 --only judge --lanes 2]`: plays every cell of the crash matrix and writes
 * `docs/crash-matrix.md` and `.json`. `--only` takes a stage, a victim, an experiment, or `sweep`, and writes nothing.
 * Ends with 1 when a cell does not hold.
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
const lanes = Number(values.lanes);
const results = cells.length === 0 ? [] : await playAll(cells, lanes, () => ChaosWorld.start());
const sweeps = values.only && values.only !== 'sweep' ? [] : await playSweepCells(lanes);
const held = results.filter(({ holds }) => holds).length + sweeps.filter(({ differs }) => differs.length === 0).length;
const minutes = (performance.now() - started) / 60_000;
if (!values.only) {
  const page = [matrixTable(results, { seed, minutes }), ...sweepSection(sweeps)];
  await writeFile('docs/crash-matrix.md', page.join('\n'));
  await writeFile('docs/crash-matrix.json', `${JSON.stringify({ seed, cells: results, sweeps }, null, 2)}\n`);
}
const all = results.length + sweeps.length;
process.stdout.write(`${held} of ${all} cells hold, ${minutes.toFixed(1)} minutes\n`);
process.exit(held === all ? 0 : 1);
