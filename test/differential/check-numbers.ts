import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findInstallation } from '../../cli/installation.ts';
import { Report } from '../../cli/setup/report.ts';
import { setUp } from '../../cli/setup/setup.ts';
import { JudgeEndpoint } from '../chaos/matrix/judge-endpoint.ts';
import { startMlflow } from '../integration/tracking/mlflow-server.ts';
import { checkOutBase } from './base-checkout.ts';
import { BASE_NAME } from './base-revision.ts';
import { baseWorker } from './base-worker.ts';
import { differences } from './compare.ts';
import { blindSpots } from './outcome.ts';
import { playSide, type Side } from './play-side.ts';
import { readBase } from './read-base.ts';
import { readHead, recorded } from './read-head.ts';
import { comparedTable, differenceLines } from './tell.ts';

/**
 * `npm run check:numbers`: the base revision and this checkout run the same experiments on this machine, one after the
 * other, this checkout's with its worker killed after step 3 of GRPO. Ends with 1 unless everything that is a number is
 * equal.
 */

/** As many answers as the configs' `judge.concurrency` may be on their way when a worker dies. */
const LOST_AT_MOST = 2;

const say = (text: string) => void process.stdout.write(text);
const report = new Report(say);
const installation = findInstallation();
const config = (name: string) => fileURLToPath(new URL(`${name}.yaml`, import.meta.url));

/** Rejects when the process gets SIGINT, SIGTERM or SIGHUP. */
const interrupted = new Promise<never>((_, reject) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.once(signal, () => reject(new Error(`interrupted by ${signal}.`)));
});
interrupted.catch(() => undefined);

/** The lines to print, and whether everything is equal. */
async function checkNumbers(): Promise<{ lines: string[]; equal: boolean }> {
  await setUp(installation, report);
  const checkout = await report.step(`Base, revision ${BASE_NAME}`, () => checkOutBase(installation.repository));
  const base: Side = {
    name: 'base',
    worker: (place) => baseWorker(checkout, place),
    configs: { grpo: config('base-grpo'), sft: config('base-sft') },
    read: readBase,
  };
  const head: Side = {
    name: 'HEAD',
    worker: (place) => place,
    configs: { grpo: config('grpo'), sft: config('sft') },
    read: readHead,
    killAt: (store, runKey, signal) => recorded(store, runKey, 3, signal),
  };
  const folder = await mkdtemp(join(tmpdir(), 'videocap-numbers-'));
  const judge = new JudgeEndpoint();
  const [mlflow] = await report.step('MLflow and a judge', () => Promise.all([startMlflow(), judge.start()]));
  let kept = false;
  try {
    const models = join(installation.home, 'models');
    const surroundings = { folder, models, judge, report, interrupted, mlflowUrl: mlflow.url };
    const outcomes = [await playSide(base, surroundings), await playSide(head, surroundings)] as const;
    const found = differences(...outcomes, { lostAtMost: LOST_AT_MOST });
    kept = found.length > 0;
    if (kept) return { lines: [...differenceLines(found), `Both stores are kept in ${folder}.`], equal: false };
    const blind = blindSpots(outcomes[0]);
    if (blind.length > 0) return { lines: [`All is equal, which proves nothing: ${blind.join('; ')}.`], equal: false };
    return { lines: comparedTable(...outcomes), equal: true };
  } finally {
    await judge.stop();
    await mlflow.remove();
    if (!kept) await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

const { lines, equal } = await checkNumbers().catch(({ message }: Error) => ({ lines: [message], equal: false }));
say(`\n${lines.join('\n')}\n`);
// Exits by force: parts of a failed check may still be waiting.
process.exit(equal ? 0 : 1);
