import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { uniformAt } from '../../core/random.ts';
import { differences, type Outcome, outcomeOf, paidAgain } from '../chaos/matrix/compare.ts';
import { playCalm } from '../chaos/matrix/play-cell.ts';
import { TemporalProcess } from '../chaos/matrix/temporal-process.ts';
import { ChaosWorld } from '../chaos/matrix/world.ts';
import { hostsExperiment, LOST_AT_MOST } from './hosts-experiment.ts';
import { Network } from './network.ts';
import { PROGRAMS } from './s3-server.ts';
import { TemporalOnPostgres } from './temporal-on-postgres.ts';
import { type HostChaos, type Side, TwoHosts } from './two-hosts.ts';

/**
 * A part of `npm run test:hosts`: runs over two hosts, each of which loses its power, or is cut off the network, at
 * random moments; writes `docs/two-hosts.md`. `--sqlite` takes Temporal's development server in the place of one on
 * PostgreSQL, and `--only` takes a host or what happens to it; both write nothing. Ends with 1 when a run does not
 * hold.
 */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    steps: { type: 'string', default: '20' },
    moments: { type: 'string', default: '10' },
    only: { type: 'string' },
    sqlite: { type: 'boolean', default: false },
  },
});
const [seed, steps, moments] = [values.seed, values.steps, values.moments].map(Number) as [number, number, number];

const CUT_SECONDS = 30;
/** Part of a step until something happens in it. */
const LATEST = 0.9;
/** Before a step has been timed. */
const SECONDS_PER_STEP = 3;
const LONGEST_SECONDS = 3600;
type Kind = 'loses its power' | 'is cut off for 30 s';

interface Row {
  what: string;
  moments: number;
  seconds: number;
  paidAgain: number;
  wrong: string[];
}

const missing = Network.missing() ?? (values.sqlite ? undefined : TemporalOnPostgres.missing());
if (missing) {
  process.stderr.write(`${missing}\n`);
  process.exit(1);
}

const folder = await mkdtemp(join(tmpdir(), 'videocap-hosts-'));
const temporal = values.sqlite
  ? new TemporalProcess(join(folder, 'temporal.db'))
  : new TemporalOnPostgres({
      server: process.env.VIDEOCAP_TEMPORAL_SERVER!,
      schemaTool: process.env.VIDEOCAP_TEMPORAL_SQL!,
    });
const started = performance.now();
const rows: Row[] = [];
try {
  const oneHost = await playOnOneHost();
  const two = await TwoHosts.start(temporal, PROGRAMS[0]);
  try {
    if (!values.only) rows.push(await play(two, oneHost, 'nothing happens'));
    for (const kind of ['loses its power', 'is cut off for 30 s'] as const)
      for (const side of ['left', 'right'] as const)
        if (!values.only || [kind, side].includes(values.only as never))
          rows.push(await play(two, oneHost, `the ${side} host ${kind}`, { side, kind }));
  } finally {
    await two.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
}
const failed = rows.filter(({ wrong }) => wrong.length > 0);
if (!values.only && !values.sqlite) await writeFile('docs/two-hosts.md', page());
process.stdout.write(`${rows.length - failed.length} of ${rows.length} runs over two hosts hold\n`);
process.exit(failed.length === 0 ? 0 : 1);

async function playOnOneHost(): Promise<Outcome> {
  const world = await ChaosWorld.start();
  const experimentOf = (url: string) => hostsExperiment(url, steps);
  return playCalm(world, undefined, { experimentOf, longestSeconds: LONGEST_SECONDS }).finally(() => world.stop());
}

async function play(two: TwoHosts, oneHost: Outcome, what: string, fault?: { side: Side; kind: Kind }): Promise<Row> {
  process.stdout.write(`${what}\n`);
  let done = 0;
  const disturb = async (chaos: HostChaos) => {
    if (!fault) return;
    let made = 0;
    while (done < moments) {
      // A run whose worker dies three times at one place waits for a person.
      const { step, secondsPerStep = SECONDS_PER_STEP } = await chaos.step(made + 1);
      made = step;
      await sleep(1000 * secondsPerStep * LATEST * uniformAt(seed, ['hosts', fault.side, fault.kind, done]));
      if (chaos.over()) return;
      done++;
      process.stdout.write(`  ${done}/${moments}, ${Math.round((performance.now() - started) / 1000)} s\n`);
      if (fault.kind === 'loses its power') await chaos.kill(fault.side);
      else await chaos.cutOff(fault.side, CUT_SECONDS);
    }
  };
  const name = what.replaceAll(/\W+/g, '-');
  const played = await two
    .play(name, hostsExperiment(two.judgeUrl, steps), { disturb, longestSeconds: LONGEST_SECONDS })
    .catch((error: Error) => error);
  if (played instanceof Error)
    return { what, moments: done, seconds: 0, paidAgain: 0, wrong: [played.message.slice(0, 4000)] };
  const again = paidAgain(played);
  const wrong = differences(oneHost, await outcomeOf(played));
  if (again > LOST_AT_MOST * done) wrong.push(`the judge answered ${again} questions again`);
  if (fault && done < moments) wrong.push(`the run was over after ${done} moments; give it more --steps`);
  const row = { what, moments: done, seconds: Math.round(played.seconds), paidAgain: again, wrong };
  process.stdout.write(`${JSON.stringify(row)}\n`);
  return row;
}

function page(): string {
  return [
    '# Two hosts',
    '',
    `One run of ${steps} GRPO steps over two workers, each on a host of its own: network, host name, processes and`,
    'mounts in namespaces of Linux, joined by virtual cables. The left host serves the queues `videocap`, `media` and',
    '`judge`, the right one `policy-onnx`, `media` and `judge`. Between them are Temporal 1.32.0 on PostgreSQL, a',
    `bucket of ${PROGRAMS[0].name}, MLflow and a judge's endpoint. A host that loses its power dies with all its`,
    'processes, and boots again at once; one that is cut off has its cable taken out for 30 s. Between one moment and',
    'the next the run makes a step: a run whose worker dies three times at one place waits for a person.',
    '',
    '`ok` means: the run ended by itself; weights, optimiser state, metric series (in the store and in MLflow),',
    'benchmark and report equal those of a run of one worker with a folder as its store; the judge was asked again for',
    'nothing but answers that were on their way, at most 2 a moment.',
    '',
    `Seed ${seed}. Made by \`npm run test:hosts\`.`,
    '',
    '| what happens | moments | | seconds | asked again |',
    '|---|---|---|---|---|',
    ...rows.map(({ what, moments, seconds, paidAgain, wrong }) => {
      const verdict = wrong.length === 0 ? 'ok' : `**${wrong.join('; ').slice(0, 200)}**`;
      return `| ${what} | ${moments} | ${verdict} | ${seconds} | ${paidAgain} |`;
    }),
    '',
  ].join('\n');
}
