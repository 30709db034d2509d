import type { Context } from '@temporalio/activity';
import {
  type ActivityInterceptors,
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { rolloutMeans } from '../configs/allowed.ts';
import { ArtifactStore } from '../core/artifact-store.ts';
import { Fences } from '../core/fence.ts';
import { openSharedStorage } from '../core/open-storage.ts';
import type { Storage } from '../core/storage.ts';
import { createEngine, ENGINE_KINDS } from '../policy/engines.ts';
import {
  createActivities,
  createCaptionerActivities,
  createJudgeQueueActivities,
  createMediaActivities,
  createPolicyActivities,
  type JudgeActivities,
  type PolicyActivities,
} from './activities.ts';
import { ActivityRuntime } from './activity-runtime.ts';
import { currentAttempt } from './current-attempt.ts';
import type { WorkerSettings } from './settings.ts';
import { MOST_DEATHS, MOST_DEATHS_BESIDE } from './worker-deaths.ts';
import { workflowBundle } from './workflow-bundle.ts';

export interface WorkerParts {
  log: Logger;
  /** Where artifacts lie; default that of the settings. */
  storage?: Storage;
  /** Interceptors that run inside the project's own, next to the activity. */
  interceptors?: ((context: Context) => ActivityInterceptors)[];
}

/**
 * The activities that the stuck watchdog ends: those that compute in this process's threads. The others have limits of
 * their own: ffmpeg's by the length of the video, every request to the judge or MLflow, and Temporal's
 * `startToCloseTimeout` for those that only read and write files.
 */
const COMPUTING: ReadonlySet<string> = new Set<keyof PolicyActivities | keyof JudgeActivities>([
  ...(['rolloutGroups', 'captionClips', 'updatePolicy'] as const),
  'scoreCompletions',
]);

/** Serves no engine that computes here, but asks endpoints: as many activities at once as the judge's queue. */
const CAPTIONER_QUEUE = 'policy-openai';

/**
 * Every queue in one process: workflows and small stages on `videocap`, then `media`, `judge`, and `policy-<kind>` for
 * each kind of engine, endpoints among them. Models compute in worker threads, so this thread is always free to
 * heartbeat. Returns once all of them poll; `ended` settles when they have been shut down.
 */
export async function startWorkers(
  settings: WorkerSettings,
  { log, interceptors = [], storage: given }: WorkerParts,
): Promise<{ ended: Promise<void> }> {
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { error, ...fields } = (meta ?? {}) as { error?: unknown };
    log[pinoLevel(level)]({ ...fields, ...(error !== undefined && { err: error }) }, message);
  });
  Runtime.install({ logger });
  const storage = given ?? (await openSharedStorage(settings.home, settings.store));
  const store = new ArtifactStore(storage, { fence: currentAttempt });
  const fences = new Fences(storage);
  const engines = ENGINE_KINDS.map((kind) => ({ kind, engine: createEngine(kind, rolloutMeans(settings.home)) }));
  const [connection, workflows] = await Promise.all([
    NativeConnection.connect({ address: settings.temporalAddress }),
    workflowBundle(logger),
  ]);
  const shared = {
    connection,
    namespace: settings.temporalNamespace,
    interceptors: {
      activity: [
        (context: Context) => ({
          inbound: new ActivityRuntime(context, {
            fences,
            stuckMilliseconds: computes(context.info) ? 1000 * settings.stuckSeconds : undefined,
            mostDeaths: canEndWorkers(context.info) ? MOST_DEATHS : MOST_DEATHS_BESIDE,
          }),
        }),
        ...interceptors,
      ],
    },
    maxHeartbeatThrottleInterval: '250ms',
    shutdownGraceTime: '10s',
  } satisfies Partial<WorkerOptions>;
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: 'videocap',
      workflowBundle: workflows,
      activities: createActivities(settings, store, log),
      maxConcurrentActivityTaskExecutions: 8,
    }),
    Worker.create({
      ...shared,
      taskQueue: 'media',
      activities: createMediaActivities(settings, store),
      maxConcurrentActivityTaskExecutions: 4,
    }),
    Worker.create({
      ...shared,
      taskQueue: 'judge',
      activities: createJudgeQueueActivities(settings, store),
      maxConcurrentActivityTaskExecutions: 8,
    }),
    Worker.create({
      ...shared,
      taskQueue: CAPTIONER_QUEUE,
      activities: createCaptionerActivities(settings, store),
      maxConcurrentActivityTaskExecutions: 8,
    }),
    ...engines.map(({ kind, engine }) =>
      Worker.create({
        ...shared,
        taskQueue: `policy-${kind}`,
        activities: createPolicyActivities(settings, store, engine),
        maxConcurrentActivityTaskExecutions: 1,
      }),
    ),
  ]);
  const running = Promise.all(workers.map((worker) => worker.run()));
  const close = () => Promise.all(engines.map(({ engine }) => engine.close()));
  return { ended: running.then(() => undefined).finally(close) };
}

/**
 * Whether an activity computes on data, models or code from elsewhere in this process. The others wait for the network
 * or for small files: they die beside what ends the process, and must not soon stop their own runs for it.
 */
function canEndWorkers({ taskQueue, activityType }: Context['info']): boolean {
  if (taskQueue === CAPTIONER_QUEUE) return false;
  return taskQueue === 'media' || taskQueue.startsWith('policy-') || COMPUTING.has(activityType);
}

/** Whether an activity computes in threads or processes of this worker: an endpoint's captions are waited for. */
function computes({ taskQueue, activityType }: Context['info']): boolean {
  return taskQueue !== CAPTIONER_QUEUE && COMPUTING.has(activityType);
}

function pinoLevel(level: string): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  return level.toLowerCase() as 'trace' | 'debug' | 'info' | 'warn' | 'error';
}
