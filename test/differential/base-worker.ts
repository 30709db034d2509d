import type { WorkerPlace } from '../chaos/worker-process.ts';

/**
 * The base revision's worker: its own program in its own checkout, with the addresses in the variables that it reads.
 */
export function baseWorker(checkout: string, place: WorkerPlace): WorkerPlace {
  const { temporalAddress, mlflowUrl, home, env } = place;
  return {
    ...place,
    checkout,
    program: ['core/run-typescript.mjs', 'workers/local.ts'],
    env: {
      ...env,
      TEMPORAL_ADDRESS: temporalAddress,
      TEMPORAL_NAMESPACE: 'default',
      MLFLOW_TRACKING_URI: mlflowUrl,
      VIDEOCAP_HOME: home,
      LOG_LEVEL: 'warn',
    },
  };
}
