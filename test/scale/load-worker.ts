import { NativeConnection } from '@temporalio/worker';
import { loadConfig } from '../../configs/load-config.ts';
import { cachedWorkflows } from '../../workers/cached-workflows.ts';
import { ensureSearchAttributes } from '../../workers/search-attributes.ts';
import { readSettings } from '../../workers/settings.ts';
import { workflowBundle } from '../integration/temporal-server.ts';
import { everyQueue } from '../integration/workflows/every-queue.ts';
import { ref, scriptedStages, updated, usage } from '../integration/workflows/scripted-stages.ts';
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

/** As many numbers as real stages give, each in [0, 1]. */
const numbers = (...names: string[]) => Object.fromEntries(names.map((name, i) => [name, 1 / Math.sqrt(i + 2)]));
const learnt = numbers(
  ...['loss', 'policyLoss', 'kl', 'entropy', 'clipFraction', 'ratioMean', 'ratioMax', 'gradientNorm', 'learningRate'],
);
const compared = numbers(
  ...['reward/mean', 'reward/std', 'reward/format', 'reward/think', 'reward/caption', 'reward/uniformShare'],
  ...['reward/excluded', 'judge/unscorableShare'],
);

// Stages of a step run in any of several processes: none looks at what another has stored.
const activities = scriptedStages(
  { push: () => 0 },
  {
    resolveConfig: async ({ overrides }) => ({ config: await loadConfig('videocap-r1-qwen2vl-7b', overrides) }),
    scoreCompletions: () => ({ scores: ref('scores'), seconds: 1 }),
    judgeCompletions: () => ({ scores: ref('judged'), verdicts: ref('verdicts'), usage: usage(64), seconds: 1 }),
    compareCompletions: () => ({ more: false, scored: ref('scored'), metrics: compared, scorable: { share: 1 } }),
    updatePolicy: ({ step }) => ({ ...updated(step), metrics: learnt }),
  },
);

const { connection: target, namespace } = readSettings().temporal;
const connection = await NativeConnection.connect(target);
await ensureSearchAttributes(connection, namespace);
const workers = await everyQueue(
  { taskQueue: 'videocap', workflowBundle: await workflowBundle() },
  {
    ...{ connection, activities },
    ...{ maxConcurrentWorkflowTaskPolls: workflowPollers, maxConcurrentActivityTaskPolls: activityPollers },
    maxCachedWorkflows: cached,
  },
  ['media', 'judge', 'policy-torch'],
);
const running = Promise.all(workers.map((worker) => worker.run()));
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);
await running;
