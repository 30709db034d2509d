import { createContext, Script } from 'node:vm';

/** Only code that is started by `vm` can be ended from outside. */
const CONTEXT: { compute?: () => unknown } = createContext({});
const COMPUTE = new Script('compute()');

/**
 * Computes what a hostile input may make endless, such as a regular expression of a file, and ends it after a time. Of
 * code without `await`. A process that was stopped or starved meanwhile is not the input's fault, so that it has a
 * second try.
 * @param late makes the error of a computation that both times took longer.
 */
export function withinTime<T>(milliseconds: number, compute: () => T, late: () => Error): T {
  try {
    return timed(milliseconds, compute);
  } catch (error) {
    if (!isTimeout(error)) throw error;
  }
  try {
    return timed(milliseconds, compute);
  } catch (error) {
    throw isTimeout(error) ? late() : error;
  }
}

function timed<T>(timeout: number, compute: () => T): T {
  CONTEXT.compute = compute;
  try {
    return COMPUTE.runInContext(CONTEXT, { timeout }) as T;
  } finally {
    delete CONTEXT.compute;
  }
}

function isTimeout(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
