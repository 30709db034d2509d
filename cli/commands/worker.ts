import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { VideocapError } from '../../core/errors.ts';
import { namesTemporal, withoutTemporalVariables } from '../../core/temporal-variables.ts';
import { findInstallation, type Installation } from '../installation.ts';
import { examples } from '../output/print.ts';
import { findServices } from '../servers/services.ts';

export const workerCommand = new Command('worker')
  .summary('serve task queues on this host, in the foreground')
  .description(
    'Runs a worker until a signal ends it. On SIGTERM or Ctrl-C it takes no new work, gives what it computes ten ' +
      'seconds to end, and hands the rest back: another worker, or this one after its restart, makes it again. ' +
      'Writes logs as lines of JSON to standard error. Uses the Temporal server that TEMPORAL_ADDRESS, ' +
      'TEMPORAL_PROFILE or TEMPORAL_CONFIG_FILE names (TLS, mTLS and API keys as in Temporal’s CLI), or the local one.',
  )
  .option('--queues <names>', 'queues, each with the activities at once if not the usual number: media,judge=16')
  .option('--health <address>', 'serve /live and /ready, such as 127.0.0.1:9100')
  .option('--metrics <address>', 'serve Prometheus metrics at /metrics, such as 127.0.0.1:9101')
  .option('--deployment <name>', 'take part in rolling upgrades, as a revision of this deployment')
  .option('--memory-target <share>', 'start no second activity above this share of the memory, such as 0.8')
  .option('--judge-workers <count>', 'so many workers ask the judge: keep to an equal part of its limits (default 1)')
  .addHelpText('after', () =>
    [
      '',
      'Queues (default: all of them):',
      '  videocap        workflows, small stages, MLflow',
      '  media           data sets, frames, reports: ffmpeg and the videos',
      '  judge           scores and judge calls: the judge’s API key',
      '  policy-onnx     the engine for small models',
      '  policy-torch    the engine for GPUs: npm run setup:torch',
      '  policy-openai   captions by models behind endpoints',
      '',
      'The options are also variables: VIDEOCAP_QUEUES, VIDEOCAP_HEALTH, VIDEOCAP_METRICS, TEMPORAL_DEPLOYMENT_NAME,',
      'VIDEOCAP_MEMORY_TARGET, VIDEOCAP_JUDGE_WORKERS. A revision is named by its version',
      'and code, or by TEMPORAL_WORKER_BUILD_ID.',
      'docs/deploy.md says what each host needs.',
      examples(
        ['videocap worker --queues policy-torch', 'the GPU host'],
        [
          'videocap worker --queues videocap,media,judge=16 --health 0.0.0.0:9100',
          'all the rest, with more judge calls',
        ],
      ),
    ].join('\n'),
  )
  .action(async ({ queues, health, metrics, deployment, memoryTarget, judgeWorkers }) => {
    const installation = findInstallation();
    const env = {
      ...(namesTemporal(process.env) ? process.env : await localEnvironment(installation)),
      VIDEOCAP_HOME: installation.home,
      ...(queues !== undefined && { VIDEOCAP_QUEUES: queues }),
      ...(health !== undefined && { VIDEOCAP_HEALTH: health }),
      ...(metrics !== undefined && { VIDEOCAP_METRICS: metrics }),
      ...(deployment !== undefined && { TEMPORAL_DEPLOYMENT_NAME: deployment }),
      ...(memoryTarget !== undefined && { VIDEOCAP_MEMORY_TARGET: memoryTarget }),
      ...(judgeWorkers !== undefined && { VIDEOCAP_JUDGE_WORKERS: judgeWorkers }),
    };
    // A process of its own: commands would start slower with Temporal's worker inside them.
    const program = [join(installation.repository, 'core', 'run-typescript.mjs'), installation.workers];
    const worker = spawn(process.execPath, program, { cwd: installation.repository, env, stdio: 'inherit' });
    // A terminal sends Ctrl-C to both; a service manager sends its signal to this process alone.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => worker.kill('SIGTERM'));
    const [code, signal] = (await once(worker, 'exit')) as [number | null, NodeJS.Signals | null];
    process.exitCode = code ?? (signal === null ? 0 : 1);
  });

async function localEnvironment(installation: Installation): Promise<NodeJS.ProcessEnv> {
  const found = await findServices(installation);
  if (!found || found.dead.includes('temporal'))
    throw new VideocapError(
      'Unavailable',
      'No Temporal server is named, and the local one does not run; set TEMPORAL_ADDRESS, or start it with: ' +
        'videocap up',
    );
  return {
    ...withoutTemporalVariables(process.env),
    TEMPORAL_ADDRESS: found.temporal,
    TEMPORAL_UI_URL: found.temporalUi,
    MLFLOW_TRACKING_URI: found.mlflow,
  };
}
