import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PRIVATE } from '../../core/durable-file.ts';
import { VideocapError } from '../../core/errors.ts';
import { endGroup, identify, isAlive } from './process-identity.ts';
import type { ServiceRecord } from './service-state.ts';

/** A program that outlives the command that started it. */
export interface Launch {
  /** Its name in messages, such as `MLflow`. */
  title: string;
  program: string;
  args: readonly string[];
  env: NodeJS.ProcessEnv;
  cwd: string;
  log: string;
  /**
   * Whether the program answers yet; called several times a second. `logTail`: its log since this start.
   */
  isReady(logTail: string): Promise<boolean>;
  /** The most seconds until it answers. */
  patience: number;
}

const LOG_LINES_SHOWN = 15;

/**
 * Starts a program in a process group of its own, its output appended to its log, and waits until it answers.
 * @param onStarted called with the record before the wait, so that a program that never answers can still be stopped.
 * @throws VideocapError `Unavailable` with the end of the log when it ends, or does not answer in time
 *   and is stopped.
 */
export async function launch(
  { title, program, args, env, cwd, log, isReady, patience }: Launch,
  onStarted: (record: ServiceRecord) => Promise<void>,
): Promise<ServiceRecord> {
  mkdirSync(dirname(log), { recursive: true, mode: PRIVATE.folder });
  const file = openSync(log, 'a', PRIVATE.file);
  writeSync(file, `--- ${title} started ${new Date().toISOString()}\n`);
  const logStart = statSync(log).size;
  const child = privately(() => spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', file, file] }));
  closeSync(file);
  const refused = new Promise<string>((resolve) => child.once('error', ({ message }) => resolve(message)));
  child.unref();
  const identity = child.pid === undefined ? undefined : identify(child.pid);
  if (!identity) {
    const reason = child.pid === undefined ? await refused : tail(log, logStart);
    throw new VideocapError('MissingTool', `${title} cannot be started: ${reason}`);
  }
  const record = { ...identity, startedAt: new Date().toISOString(), log };
  await onStarted(record);

  const deadline = performance.now() + patience * 1000;
  for (;;) {
    if (await isReady(logTail(log, logStart))) return record;
    const alive = isAlive(identity);
    if (alive && performance.now() < deadline) await sleep(200);
    else {
      await endGroup(identity, 2000);
      const what = alive ? `did not answer within ${patience} s` : 'ended while starting';
      const end = tail(log, logStart);
      const logged = end === '' ? 'is empty.' : `ends with:\n${end}`;
      throw new VideocapError('Unavailable', `${title} ${what}. Its log ${log} ${logged}`);
    }
  }
}

/** Starts a process whose files are for its user alone: it begins with the mask of the one that starts it. */
function privately<T>(start: () => T): T {
  const mask = process.umask(0o077);
  try {
    return start();
  } finally {
    process.umask(mask);
  }
}

function logTail(log: string, start: number): string {
  return readFileSync(log).subarray(start).toString('utf8');
}

function tail(log: string, start: number): string {
  const text = logTail(log, start).trim();
  if (text === '') return '';
  const lines = text.split('\n').slice(-LOG_LINES_SHOWN);
  return lines.map((line) => `  ${line}`).join('\n');
}
