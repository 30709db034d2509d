import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { bucketCells } from '../chaos/matrix/cells.ts';
import { playAll } from '../chaos/matrix/play-all.ts';
import { cellTable } from '../chaos/matrix/table.ts';
import { ChaosWorld } from '../chaos/matrix/world.ts';
import { PROGRAMS } from './s3-server.ts';
import { StruckBucket } from './struck-bucket.ts';

/**
 * A part of `npm run test:hosts`: plays the crash cells of a store in a bucket, and writes `docs/crash-matrix-s3.md`.
 * `--only` takes a stage or a fault and writes nothing. Ends with 1 when a cell does not hold.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    lanes: { type: 'string', default: '4' },
  },
});
const seed = Number(values.seed);
const cells = bucketCells(seed).filter(
  ({ stage, victim }) => !values.only || [stage, victim].includes(values.only as never),
);
const started = performance.now();
const startWorld = async () => {
  const bucket = await StruckBucket.start(PROGRAMS[0]);
  return ChaosWorld.start({ bucket });
};
const results = await playAll(cells, Number(values.lanes), startWorld, { longestSeconds: 400 });
const failed = results.filter(({ holds }) => !holds);
const minutes = (performance.now() - started) / 60_000;
const summary = `${results.length - failed.length} of ${results.length} cells hold`;
const page = [
  '# Crash matrix of a store in a bucket',
  '',
  'Each cell is a whole run, that of the [crash matrix](crash-matrix.md), whose store is a bucket of ' +
    `${PROGRAMS[0].name}.`,
  'At one moment of one stage requests to the bucket begin to fail, from the next one on (for lost answers: the next',
  'write), for 1.5 s or for the time that the cell gives; 70 s are more than a request is repeated for, so Temporal',
  'tries the activity again.',
  '',
  '- `bucket away`: every connection breaks. `SlowDown`: every answer is a 503.',
  '- `slow answers`: every answer pauses for a second in its middle.',
  '- `lost answers`: every write is done, and its connection breaks before the answer.',
  '- `expired keys`: the server refuses the keys that the worker holds, and then those that it reads in their place,',
  '  until its file has valid ones again.',
  '',
  '`ok` means: the run ended by itself; weights, optimiser state, metric series (in the store and in MLflow),',
  'benchmark, report and questions to the judge equal those of the undisturbed run; no stored artifact was made again;',
  'the judge answered no question twice; and at least one request met the fault.',
  '',
  `${summary}. Seed ${seed}. Made by \`npm run test:hosts\`.`,
  '',
  ...cellTable(results),
  '',
];
if (!values.only) await writeFile('docs/crash-matrix-s3.md', page.join('\n'));
process.stdout.write(`${summary}, ${minutes.toFixed(0)} minutes\n`);
process.exit(failed.length === 0 ? 0 : 1);
