import type { Context } from '@temporalio/activity';
import { Client } from '@temporalio/client';
import {
  type ActivityInterceptors,
  DefaultLogger,
  NativeConnection,
  Worker,
  type WorkerOptions,
} from '@temporalio/worker';
import type { Logger } from 'pino';
import { createEndedTracking } from '../activities/ended-tracking.ts';
import { rolloutMeans } from '../configs/allowed.ts';
import { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { Fences } from '../core/fence.ts';
import { openSharedStorage } from '../core/open-storage.ts';
import type { PolicyEngine } from '../core/policy-engine.ts';
import type { Storage } from '../core/storage.ts';
import type { TemporalTarget } from '../core/temporal-target.ts';
import { unansweredTemporal } from '../core/temporal-variables.ts';
import { shareLimitsAmong } from '../judge/client/rate-limit.ts';
import { createEngine } from '../policy/engines.ts';
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
import { watchAlerts } from './alerts/watch-alerts.ts';
import { cachedWorkflows } from './cached-workflows.ts';
import { currentAttempt } from './current-attempt.ts';
import { ownVersion, versioned } from './deployment.ts';
import { EngineSeat, seated } from './engine-seat.ts';
import { serveHealth } from './health.ts';
import { installRuntime } from './metrics.ts';
import { CAPTIONER_QUEUE, engineOf, isEngineQueue } from './queues.ts';
import { ensureSearchAttributes } from './search-attributes.ts';
import type { WorkerSettings } from './settings.ts';
import { SideBySide } from './side-by-side.ts';
import { limitsOf } from './slots.ts';
import { startMonitor } from './system-metrics/start-monitor.ts';
import { watchEnds } from './watch-ends.ts';
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

/**
 * The queues of the settings in one process: workflows and small stages on `videocap`, then `media`, `judge`, and
 * `policy-<kind>` for each kind of engine, endpoints among them. Models compute in worker threads, so this thread is
 * always free to heartbeat. Returns once all of them poll; `ended` settles when they have been shut down.
 */
export async function startWorkers(
  settings: WorkerSettings,
  { log, interceptors = [], storage: given }: WorkerParts,
): Promise<{ ended: Promise<void> }> {
  const logger = new DefaultLogger('INFO', ({ level, message, meta }) => {
    const { error, ...fields } = (meta ?? {}) as { error?: unknown };
    log[pinoLevel(level)]({ ...fields, ...(error !== undefined && { err: error }) }, message);
  });
  await installRuntime(logger, settings.metrics);
  shareLimitsAmong(settings.judgeWorkers);
  const storage = given ?? (await openSharedStorage(settings.home, settings.store));
  const store = new ArtifactStore(storage, { fence: currentAttempt });
  const fences = new Fences(storage);
  const [connection, workflows, version] = await Promise.all([
    connected(settings.temporal),
    settings.queues.has('videocap') ? workflowBundle(logger) : undefined,
    settings.deployment && ownVersion(settings.deployment),
  ]);
  if (workflows) await ensureSearchAttributes(connection, settings.temporal.namespace);
  const watch = new AbortController();
  const monitor = startMonitor(settings, store, { log, signal: watch.signal });
  const sideBySide = new SideBySide();
  const shared = {
    connection,
    namespace: settings.temporal.namespace,
    interceptors: {
      activity: [
        ...(monitor ? [() => ({ inbound: monitor.interceptor })] : []),
        (context: Context) => ({
          inbound: new ActivityRuntime(context, {
            fences,
            stuckMilliseconds: computes(context.info) ? 1000 * settings.stuckSeconds : undefined,
            ...(canEndWorkers(context.info)
              ? { mostDeaths: MOST_DEATHS, sideBySide }
              : { mostDeaths: MOST_DEATHS_BESIDE }),
          }),
        }),
        ...interceptors,
      ],
    },
    maxHeartbeatThrottleInterval: '250ms',
    shutdownGraceTime: '10s',
  } satisfies Partial<WorkerOptions>;
  const engines: PolicyEngine[] = [];
  const activitiesOf = (queue: string): object => {
    const kind = engineOf(queue);
    if (!kind) return WITHOUT_ENGINE[queue]!(settings, store, log);
    const engine = createEngine(kind, rolloutMeans(settings.home));
    engines.push(engine);
    return createPolicyActivities(settings, store, engine);
  };
  const served = [...settings.queues].flatMap(([taskQueue, atOnce]): WorkerOptions[] => {
    const options: WorkerOptions = {
      ...{ ...shared, ...versioned(version) },
      taskQueue,
      ...(taskQueue === 'videocap' && { workflowBundle: workflows!, maxCachedWorkflows: cachedWorkflows() }),
      activities: activitiesOf(taskQueue),
      ...limitsOf(taskQueue, atOnce, settings.memoryTarget),
    };
    if (!isEngineQueue(taskQueue) || !settings.isOneOfSeveral) return [options];
    return seated(options, new EngineSeat(taskQueue, version?.buildId));
  });
  const workers = new Map(
    await Promise.all(served.map(async (options) => [options.taskQueue, await Worker.create(options)] as const)),
  );
  // Before they take work, which would be lost if the address cannot be served.
  const health = settings.health && (await serveHealth(settings.health, { workers, connection }));
  const running = Promise.all([...workers.values()].map((worker) => worker.run()));
  if (settings.queues.has('videocap')) void startWatches(settings, store, connection, { log, signal: watch.signal });
  const close = async () => {
    watch.abort();
    await Promise.all(engines.map((engine) => engine.close()));
    health?.close();
  };
  return { ended: running.then(() => undefined).finally(close) };
}

/**
 * The worker of the small stages also tells its owner what becomes of runs (`<home>/alerts.yaml`), and MLflow which
 * runs were terminated.
 */
async function startWatches(
  settings: WorkerSettings,
  store: ArtifactStore,
  connection: NativeConnection,
  { log, signal }: { log: Logger; signal: AbortSignal },
): Promise<void> {
  const { temporal, home, temporalUiUrl } = settings;
  const client = new Client({ connection, namespace: temporal.namespace });
  await Promise.all([
    watchAlerts({ client, home, temporalUiUrl, log, signal }),
    watchEnds({
      client,
      close: createEndedTracking({ store: store.unfenced(), mlflowUrl: settings.mlflowUrl, log }),
      log,
      signal,
    }),
  ]);
}

async function connected(target: TemporalTarget): Promise<NativeConnection> {
  try {
    return await NativeConnection.connect(target.connection);
  } catch (error) {
    throw new VideocapError('Unavailable', unansweredTemporal(target, (error as Error).message), { cause: error });
  }
}

/** The activities of each queue that no engine serves. */
const WITHOUT_ENGINE: Record<string, (settings: WorkerSettings, store: ArtifactStore, log: Logger) => object> = {
  videocap: createActivities,
  media: createMediaActivities,
  judge: createJudgeQueueActivities,
  [CAPTIONER_QUEUE]: createCaptionerActivities,
};

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
