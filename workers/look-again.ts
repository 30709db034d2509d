import { setTimeout as sleep } from 'node:timers/promises';

/** How something that a worker does beside its runs, again and again, ends and reports. */
export interface Looking {
  log: { warn(fields: object, message: string): void };
  /** Ends it. */
  signal: AbortSignal;
  /** Between two looks. */
  seconds?: number;
}

const LOOK_SECONDS = 15;

/**
 * Looks again and again until the signal. What a look throws is logged, the same reason once in a row, and ends
 * nothing.
 * @param trouble the sentence of the log.
 */
export async function lookAgain(
  { log, signal, seconds = LOOK_SECONDS }: Looking,
  trouble: string,
  look: () => Promise<void>,
): Promise<void> {
  let said = '';
  while (!signal.aborted) {
    try {
      await look();
      said = '';
    } catch (error) {
      const { message: reason } = error as Error;
      if (reason !== said && !signal.aborted) log.warn({ reason }, trouble);
      said = reason;
    }
    await sleep(1000 * seconds, undefined, { signal }).catch(() => undefined);
  }
}
