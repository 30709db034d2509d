import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders of this checkout and of its data. All absolute. */
export interface Installation {
  /** The checkout. */
  repository: string;
  /** All data: artifacts, models, the servers' data and logs. `VIDEOCAP_HOME` sets another folder. */
  home: string;
  /** The Python environment of the development servers. */
  venv: string;
  /** The program that serves the task queues. `VIDEOCAP_WORKERS` names another. */
  workers: string;
}

export function findInstallation(env: NodeJS.ProcessEnv = process.env): Installation {
  const repository = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
  return {
    repository,
    home: env.VIDEOCAP_HOME ? resolve(env.VIDEOCAP_HOME) : join(repository, '.videocap'),
    venv: join(repository, '.venv'),
    workers: env.VIDEOCAP_WORKERS ? resolve(env.VIDEOCAP_WORKERS) : join(repository, 'workers', 'local.ts'),
  };
}
