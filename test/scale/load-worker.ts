import { NativeConnection } from '@temporalio/worker';
import { loadConfig } from '../../configs/load-config.ts';
import { cachedWorkflows } from '../../workers/cached-workflows.ts';
import { readSettings } from '../../workers/settings.ts';
import { workflowBundle } from '../integration/temporal-server.ts';
import { everyQueue } from '../integration/workflows/every-queue.ts';
import { scriptedStages, updated } from '../integration/workflows/scripted-stages.ts';
import type { Stages } from '../integration/workflows/stage-contracts.ts';
import type { WorkerLoad } from './load-settings.ts';

/**
 * A worker of every queue for `npm run bench:scale`: the real workflows with the 7B experiment's config, and stages
 * that compute nothing. It keeps nothing of what it has done, so its memory is that of the SDK and the workflows.
 */
const {
  workflowPollers,
  activityPollers,
  cached = cachedWorkflows(),
}: WorkerLoad = JSON.parse(process.env.SCALE_WORKER!);
const usual = scriptedStages([]);

/** As many numbers as the torch engine gives with an update. */
const LEARNT = ['loss', 'policyLoss', 'kl', 'entropy', 'clipFraction', 'ratioMean', 'ratioMax', 'gradientNorm'];
const metrics = Object.fromEntries([...LEARNT, 'learningRate', 'tokens'].map((name, i) => [name, Math.sqrt(i + 2)]));

/** A stage that stores its output does so at its first call, and gives the same for all. */
function once<N extends 'scoreCompletions' | 'judgeCompletions' | 'compareCompletions'>(name: N): Stages[N] {
  let outcome: Promise<unknown> | undefined;
  return ((input: never) => {
    outcome ??= usual[name](input);
    return outcome;
  }) as unknown as Stages[N];
}

const activities = scriptedStages(
  { push: () => 0 },
  {
    resolveConfig: async ({ overrides }) => ({ config: await loadConfig('videocap-r1-qwen2vl-7b', overrides) }),
    scoreCompletions: once('scoreCompletions'),
    judgeCompletions: once('judgeCompletions'),
    compareCompletions: once('compareCompletions'),
    updatePolicy: ({ step }) => ({ ...updated(step), metrics }),
  },
);

const { connection: target } = readSettings().temporal;
const workers = await everyQueue(
  { taskQueue: 'videocap', workflowBundle: await workflowBundle() },
  {
    ...{ connection: await NativeConnection.connect(target), activities },
    ...{ maxConcurrentWorkflowTaskPolls: workflowPollers, maxConcurrentActivityTaskPolls: activityPollers },
    maxCachedWorkflows: cached,
  },
  ['media', 'judge', 'policy-torch'],
);
const running = Promise.all(workers.map((worker) => worker.run()));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await running;
