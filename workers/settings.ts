import { resolve } from 'node:path';

/** Where a worker finds its servers and keeps its data, from the environment. */
export interface WorkerSettings {
  temporalAddress: string;
  temporalNamespace: string;
  mlflowUrl: string;
  /** Where people see runs; links lead there. */
  temporalUiUrl: string | undefined;
  /** Folder of everything this installation keeps: artifact store, models, servers' data. */
  home: string;
}

export function readSettings(env: NodeJS.ProcessEnv = process.env): WorkerSettings {
  return {
    temporalAddress: env.TEMPORAL_ADDRESS ?? '127.0.0.1:7233',
    temporalNamespace: env.TEMPORAL_NAMESPACE ?? 'default',
    temporalUiUrl: env.TEMPORAL_UI_URL,
    mlflowUrl: env.MLFLOW_TRACKING_URI ?? 'http://127.0.0.1:5000',
    home: resolve(env.VIDEOCAP_HOME ?? '.videocap'),
  };
}
