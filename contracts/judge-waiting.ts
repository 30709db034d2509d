/** The signal by which an activity tells its workflow that it waits for the judge; `null`: it does not any more. */
export const JUDGE_WAITS = 'judgeWaits';

/** What a run waits for at its judge. */
export interface JudgeWaiting {
  /** In one sentence, without a full stop. */
  why: string;
  /** Milliseconds since the epoch. */
  since: number;
}

/** `waiting for the judge: The judge at ... has an internal error (status 500), since 2026-11-29 22:04:10 UTC`. */
export function waitingSentence({ why, since }: JudgeWaiting): string {
  const when = new Date(since).toISOString().slice(0, 19).replace('T', ' ');
  return `waiting for the judge: ${why.replace(/(?:, then `videocap resume`)?\.$/, '')}, since ${when} UTC`;
}
