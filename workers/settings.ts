import { resolve } from 'node:path';
import { VideocapError } from '../core/errors.ts';
import { storeUrl } from '../core/open-storage.ts';
import { type TemporalTarget, temporalTarget } from '../core/temporal-target.ts';
import { type DeploymentSettings, deploymentSettings } from './deployment.ts';
import { type ListenAddress, listenAddress } from './listen-address.ts';
import { parseQueues, type ServedQueues } from './queues.ts';

/** Where a worker finds its servers and keeps its data, from the environment. */
export interface WorkerSettings {
  temporal: TemporalTarget;
  queues: ServedQueues;
  /** Whether this is one of several workers, each with queues of its choice: its engines have queues of their own. */
  isOneOfSeveral: boolean;
  /** Where several revisions may serve one Temporal: which one this is. */
  deployment: DeploymentSettings | undefined;
  mlflowUrl: string;
  /** The folder into which runs are written for TensorBoard, too; none by default. */
  tensorBoard: string | undefined;
  /** Where people see runs; links lead there. */
  temporalUiUrl: string | undefined;
  /** Folder of everything this installation keeps: artifact store, models, servers' data. */
  home: string;
  /** The bucket of the artifact store, as a URL; default the folder `<home>/store`. */
  store: string | undefined;
  /** The longest time without progress; then a computation is ended and tried again. Much shorter for a fast one. */
  stuckSeconds: number;
  /** Where `/live` and `/ready` are served; not served by default. */
  health: ListenAddress | undefined;
  /** Where Prometheus finds `/metrics`; not served by default. */
  metrics: ListenAddress | undefined;
  /**
   * The share of this machine's memory, in (0, 1], or of its container's, above which no second activity begins on
   * queues that may run several. With it, none begins either while every core is busy.
   */
  memoryTarget: number | undefined;
  /** How many workers ask the same judges and captioners as this one: each keeps to an equal part of their limits. */
  judgeWorkers: number;
  /** How often this worker's machine is sampled for the MLflow pages of its runs; `undefined`: never. */
  systemMetricsSeconds: number | undefined;
}

/**
 * Far longer than the slowest single piece of work between two reports, a graph run over one micro-batch, which takes
 * seconds: a computation on a machine a hundred times slower than a laptop does not count as stuck.
 */
const STUCK_SECONDS = 600;
/** As MLflow's own monitor. */
const SYSTEM_METRICS_SECONDS = 10;

export function readSettings(env: NodeJS.ProcessEnv = process.env): WorkerSettings {
  return {
    temporal: temporalTarget(env),
    queues: parseQueues(env.VIDEOCAP_QUEUES),
    isOneOfSeveral: (env.VIDEOCAP_QUEUES ?? '').trim() !== '',
    deployment: deploymentSettings(env),
    temporalUiUrl: env.TEMPORAL_UI_URL || undefined,
    tensorBoard: env.VIDEOCAP_TENSORBOARD ? resolve(env.VIDEOCAP_TENSORBOARD) : undefined,
    mlflowUrl: env.MLFLOW_TRACKING_URI || 'http://127.0.0.1:5000',
    home: resolve(env.VIDEOCAP_HOME || '.videocap'),
    store: storeUrl(env),
    stuckSeconds: secondsOf('VIDEOCAP_STUCK_SECONDS', env) ?? STUCK_SECONDS,
    health: listenAddress('VIDEOCAP_HEALTH', env.VIDEOCAP_HEALTH),
    metrics: listenAddress('VIDEOCAP_METRICS', env.VIDEOCAP_METRICS),
    memoryTarget: shareOf('VIDEOCAP_MEMORY_TARGET', env),
    judgeWorkers: countOf('VIDEOCAP_JUDGE_WORKERS', env) ?? 1,
    systemMetricsSeconds: systemMetricsSeconds(env),
  };
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** What a worker's process logs. @throws VideocapError `InvalidConfig`. */
export function logLevel(env: NodeJS.ProcessEnv): string {
  const level = (env.LOG_LEVEL || 'info').toLowerCase();
  if (LEVELS.includes(level)) return level;
  throw new VideocapError('InvalidConfig', `LOG_LEVEL is "${env.LOG_LEVEL}"; set it to one of ${LEVELS.join(', ')}.`);
}

function secondsOf(name: string, env: NodeJS.ProcessEnv): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (Number(text) > 0) return Number(text);
  throw new VideocapError('InvalidConfig', `${name} is "${text}"; set it to a number of seconds, such as 600.`);
}

/** By the variables that MLflow's own monitor has, which is off unless it is turned on. */
function systemMetricsSeconds(env: NodeJS.ProcessEnv): number | undefined {
  const enabled = (env.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING || 'true').toLowerCase();
  if (!['true', '1', 'false', '0'].includes(enabled))
    throw new VideocapError(
      'InvalidConfig',
      `MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING is "${env.MLFLOW_ENABLE_SYSTEM_METRICS_LOGGING}"; set it to true or false.`,
    );
  const seconds = secondsOf('MLFLOW_SYSTEM_METRICS_SAMPLING_INTERVAL', env) ?? SYSTEM_METRICS_SECONDS;
  return ['true', '1'].includes(enabled) ? seconds : undefined;
}

function shareOf(name: string, env: NodeJS.ProcessEnv): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (Number(text) > 0 && Number(text) <= 1) return Number(text);
  throw new VideocapError('InvalidConfig', `${name} is "${text}"; set it to a share of the memory, such as 0.8.`);
}

function countOf(name: string, env: NodeJS.ProcessEnv): number | undefined {
  const text = env[name];
  if (text === undefined || text === '') return undefined;
  if (Number.isInteger(Number(text)) && Number(text) >= 1 && Number(text) <= 1000) return Number(text);
  throw new VideocapError('InvalidConfig', `${name} is "${text}"; set it to a number of workers, such as 2.`);
}
