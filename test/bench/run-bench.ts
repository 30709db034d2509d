import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findInstallation } from '../../cli/installation.ts';
import { closeGemm } from './floor/gemm-floor.ts';
import { describeMachine } from './machine.ts';
import { playRow } from './play-row.ts';
import { type BenchReport, markdownOf, type ReportedRow, tableOf } from './report.ts';
import type { FailedRow, RowResult } from './result.ts';
import type { Row } from './row.ts';
import { ROWS } from './rows.ts';

/**
 * `npm run bench`: this project and its peers on the same work, row by row, and the floor of this machine. Prints the
 * table, and writes `docs/benchmarks.md` and `.json`. Progress goes to standard error.
 */
const REPEATS = 5;
const HELP = `npm run bench -- [--only ROW,...] [--repeats N] [--no-write] [--list]

Measures this project and its peers on the same work, prints a Markdown table, and writes docs/benchmarks.md and
docs/benchmarks.json. The peers are installed into .venv-bench first, and vLLM into .venv-vllm.

  --only ROW,...  play these rows, or those whose names begin so; the page keeps its other rows
  --repeats N     measured repeats of every row, after one that does not count (default ${REPEATS})
  --no-write      print the table alone
  --list          print the names of the rows and about how many minutes each takes

Only numbers of a machine that does nothing else mean something.
`;

const { values: options } = parseArgs({
  options: {
    only: { type: 'string' },
    repeats: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const say = (text: string) => void process.stderr.write(`${text}\n`);
const docs = join(findInstallation().repository, 'docs');
const [page, data] = [join(docs, 'benchmarks.md'), join(docs, 'benchmarks.json')];

if (options.help) process.stdout.write(HELP);
else if (options.list) process.stdout.write(`${ROWS.map((row) => `${row.name}: ${row.minutes} min`).join('\n')}\n`);
else await measure();
// By force: a peer that did not end must not keep the command.
process.exit();

async function measure(): Promise<void> {
  const machine = await describeMachine();
  const found: ReportedRow[] = [];
  for (const row of chosen()) {
    say(`${row.name}, about ${row.minutes} min: ${row.title}`);
    found.push({ ...(await played(row)), load: machine.load });
    await closeGemm();
  }
  process.stdout.write(`${tableOf(found)}\n`);
  if (found.some((row) => 'failed' in row)) process.exitCode = 1;
  if (options['no-write']) return;
  const rows = options.only === undefined ? found : await withOthers(found);
  const report: BenchReport = { measured: new Date().toISOString(), machine, rows };
  await writeFile(data, `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(page, markdownOf(report));
}

function chosen(): Row[] {
  if (options.only === undefined) return [...ROWS];
  const names = options.only.split(',');
  const rows = ROWS.filter(({ name }) => names.some((wanted) => name.startsWith(wanted)));
  const unknown = names.filter((wanted) => !ROWS.some(({ name }) => name.startsWith(wanted)));
  if (unknown.length === 0) return rows;
  process.stderr.write(`No row begins with ${unknown.join(', ')}; \`npm run bench -- --list\` prints their names.\n`);
  process.exit(2);
}

async function played(row: Row): Promise<RowResult | FailedRow> {
  try {
    return await playRow(row, Number(options.repeats ?? row.repeats ?? REPEATS), say);
  } catch (error) {
    const { message, stack } = error as Error;
    say(stack ?? message);
    return { name: row.name, title: row.title, failed: message.split('\n')[0]! };
  }
}

/** The rows of the page, those that were measured anew in place of the old ones. */
async function withOthers(found: ReportedRow[]): Promise<ReportedRow[]> {
  const old = await readFile(data, 'utf8').then(
    (text) => (JSON.parse(text) as BenchReport).rows,
    () => [],
  );
  const latest = new Map([...old, ...found].map((row) => [row.name, row]));
  return ROWS.flatMap(({ name }) => latest.get(name) ?? []);
}
