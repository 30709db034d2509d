import { writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { configOf, readConfig } from '../../configs/load-config.ts';
import { duration, seconds } from '../../core/duration.ts';
import { findInstallation } from '../installation.ts';
import { print } from '../output/print.ts';
import { type FinishedRun, finishRun, startRun } from '../run/run-experiment.ts';
import { openSession } from '../run/session.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';
import { collectOverride } from './arguments.ts';
import { resultLines } from './run.ts';

const CONFIG = 'quickstart';

export const quickstartCommand = new Command('quickstart')
  .summary('install, start, train and report, in one command')
  .description(
    'Installs missing packages, starts the servers and workers, runs the experiment of configs/quickstart.yaml and ' +
      'prints the results. Scripts find the same results in quickstart.json in the home folder.',
  )
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .action(async ({ set: overrides = {} }) => {
    const source = await readConfig(CONFIG);
    await configOf(source, overrides);
    const installation = findInstallation();
    const report = new Report();
    const start = performance.now();
    const npm = Number(process.env.VIDEOCAP_NPM_SECONDS ?? 0);
    const phases: Record<string, number> = { npm };

    report.line('Set-up');
    await timed(phases, 'setUp', () => setUp(installation, report));
    const session = await timed(phases, 'services', () =>
      openSession(installation, { report, env: { ...process.env, TEMPORAL_ADDRESS: undefined } }),
    );
    try {
      report.line('Experiment');
      const run = await startRun(session, source, overrides);
      report.line(`  ${run.workflowId}${run.link ? `   ${run.link}` : ''}`);
      const finished = await timed(phases, 'experiment', () => finishRun(session, run, installation));
      phases.total = npm + (performance.now() - start) / 1000;
      const file = join(installation.home, 'quickstart.json');
      await writeFile(file, `${JSON.stringify(resultFile(finished, phases), null, 2)}\n`);
      print(...resultLines(finished), ...closing(phases, file));
    } finally {
      await session.close();
    }
  });

/** What `quickstart.json` holds. Metrics are points (0-100). */
function resultFile({ summary, links, workflowId, runId }: FinishedRun, phases: Record<string, number>) {
  return {
    workflowId,
    runId,
    seconds: phases,
    base: summary.base.metrics,
    trained: summary.trained.metrics,
    checkpoint: { sha256: summary.policy.weights.sha256, step: summary.policy.step, folder: summary.modelFolder },
    links,
    machine: {
      cores: availableParallelism(),
      node: process.versions.node,
      platform: `${process.platform}-${process.arch}`,
    },
  };
}

function closing(phases: Record<string, number>, file: string): string[] {
  const { npm = 0, setUp = 0, services = 0, experiment = 0 } = phases;
  return [
    `for scripts    ${file}`,
    '',
    `Set-up ${seconds(npm + setUp)}, servers ${seconds(services)}, experiment ${duration(experiment)}.`,
    'Servers and workers keep running; stop them with: npm run down',
  ];
}

async function timed<T>(phases: Record<string, number>, name: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await work();
  phases[name] = (performance.now() - start) / 1000;
  return result;
}
