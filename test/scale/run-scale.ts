import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { hostPrograms } from '../../scripts/hosts/host-programs.ts';
import { TemporalOnPostgres, type TemporalPrograms } from '../hosts/temporal-on-postgres.ts';
import { COLUMNS } from './load-section.ts';
import { longSection, manySection, pollersSection, type Size, settingsSection } from './load-sections.ts';
import { machineText } from './machine.ts';
import { withSection, wrapped } from './markdown.ts';
import { SIMULATED_TITLE, simulatedSection } from './simulated-section.ts';

const HELP = `npm run bench:scale [-- --only PART,... --runs N --steps N]

How far a deployment goes: the paper's experiment simulated, and loads on a real Temporal server with PostgreSQL, of
runs whose stages compute nothing. Writes docs/scale.md, each part with the machine that it was measured on.
Needs Linux, the user root with setpriv, Debian's postgresql, and once Go, which builds the Temporal server.

  --only PART,...  simulated, long, pollers, many, settings; default: all. Other parts of the page stay
  --runs N         instead of 100 runs (pollers, settings) and 1,000 (many)
  --steps N        instead of 10,000 steps (long) and 10 (pollers, many, settings)
  --help           this text
`;
const PAGE = 'docs/scale.md';
const INTRODUCTION = `# Scale
${wrapped(
  'How far a deployment goes, and what moves it. The first part is simulated, the others are measured: real ' +
    'workflows and workers on a real Temporal server, whose database is PostgreSQL with `fsync`, all on one machine. ' +
    'Stages compute nothing there, so a step is what the orchestration alone takes. `npm run bench:scale` makes ' +
    'this page.',
)}

${COLUMNS}
`;

type Loaded = (size: Size, programs: TemporalPrograms, tell: (line: string) => void) => Promise<string>;
const LOADS: Readonly<Record<string, readonly [title: string, section: Loaded]>> = {
  long: ['One long run', longSection],
  pollers: ['Pollers in several processes', pollersSection],
  many: ['Many runs side by side', manySection],
  settings: ['Settings that move it', settingsSection],
};
const PARTS = ['simulated', ...Object.keys(LOADS)];

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: PARTS.join(',') },
    runs: { type: 'string' },
    steps: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit(0);
}
const chosen = values.only.split(',');
const unknown = chosen.filter((part) => !PARTS.includes(part));
if (unknown.length > 0) fail(`--only names "${unknown.join(', ')}"; set it to some of ${PARTS.join(', ')}.`);
const size = { runs: numberOf('runs'), steps: numberOf('steps') };

const tell = (line: string) => void process.stderr.write(`${new Date().toISOString().slice(11, 19)}  ${line}\n`);
if (chosen.includes('simulated')) {
  tell(SIMULATED_TITLE);
  await write(SIMULATED_TITLE, `${await simulatedSection()}\n\nMade by \`npm run bench:scale -- --only simulated\`.`);
}
const loads = chosen.filter((part) => part in LOADS);
if (loads.length > 0) {
  const missing = TemporalOnPostgres.missing();
  if (missing !== undefined) fail(missing);
  const programs = await temporalPrograms();
  for (const part of loads) {
    const [title, section] = LOADS[part]!;
    const before = machineText();
    const text = await section(size, programs, (line) => tell(`${part}: ${line}`));
    const options = Object.entries(size).flatMap(([name, value]) =>
      value === undefined ? [] : [` --${name} ${value}`],
    );
    const command = `npm run bench:scale -- --only ${part}${options.join('')}`;
    await write(title, `${text}\n\n${wrapped(`Measured by \`${command}\` on ${before}.`)}`);
  }
}

/** Each part is on the page as soon as it is known. */
async function write(title: string, text: string): Promise<void> {
  const page = await readFile(PAGE, 'utf8').catch(() => INTRODUCTION);
  await writeFile(PAGE, withSection(page, title, text));
}

async function temporalPrograms(): Promise<TemporalPrograms> {
  const given = process.env.VIDEOCAP_TEMPORAL_SERVER ? process.env : await hostPrograms({ build: true });
  return { server: given.VIDEOCAP_TEMPORAL_SERVER!, schemaTool: given.VIDEOCAP_TEMPORAL_SQL! };
}

function numberOf(option: 'runs' | 'steps'): number | undefined {
  const text = values[option];
  if (text === undefined) return undefined;
  const number = Number(text);
  const least = option === 'runs' ? 1 : 2;
  if (Number.isInteger(number) && number >= least) return number;
  return fail(`--${option} is "${text}"; set it to a whole number from ${least} on.`);
}

function fail(sentence: string): never {
  process.stderr.write(`${sentence}\n`);
  process.exit(1);
}
