import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folders of this checkout and of its data. All absolute. */
export interface Installation {
  /** The checkout, or the folder of the published package. */
  repository: string;
  /**
   * All data: artifacts, models, the servers' data and logs. `VIDEOCAP_HOME` sets another folder; default: `.videocap`
   * in the checkout. The published package lies in a cache that npm may clear: there, `.videocap` in the folder in
   * which the command was called.
   */
  home: string;
  /** The Python environment of the development servers. */
  venv: string;
  /** The program that serves the task queues. `VIDEOCAP_WORKERS` names another. */
  workers: string;
}

export function findInstallation(env: NodeJS.ProcessEnv = process.env): Installation {
  const repository = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '');
  const isPackage = basename(repository) === 'dist';
  return {
    repository,
    home: env.VIDEOCAP_HOME ? resolve(env.VIDEOCAP_HOME) : join(isPackage ? process.cwd() : repository, '.videocap'),
    venv: join(repository, '.venv'),
    workers: env.VIDEOCAP_WORKERS ? resolve(env.VIDEOCAP_WORKERS) : join(repository, 'workers', 'local.ts'),
  };
}
