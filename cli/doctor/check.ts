import { VideocapError } from '../../core/errors.ts';

/** One thing that a host needs. */
export interface Check {
  name: string;
  /** What is found. Throws VideocapError whose message says what is wrong and the remedy. */
  run(): Promise<string>;
  /** Whether the host can serve its queues without it. */
  optional?: boolean;
  /** For an answer; default 30. */
  seconds?: number;
}

export interface Finding {
  name: string;
  /** `missing`: not there, and not needed. */
  state: 'ok' | 'missing' | 'fails';
  detail: string;
}

const SECONDS = 30;

/** Makes a check. A fault of another kind than the project's own is a finding too: the rest is still checked. */
export async function findingOf({ name, run, optional = false, seconds = SECONDS }: Check): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new VideocapError('Unavailable', `It did not answer within ${seconds} s; try it by hand.`)),
      1000 * seconds,
    );
  });
  try {
    return { name, state: 'ok', detail: await Promise.race([run(), late]) };
  } catch (error) {
    return { name, state: optional ? 'missing' : 'fails', detail: (error as Error).message };
  } finally {
    clearTimeout(timer);
  }
}
