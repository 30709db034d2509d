import { z } from 'zod';

/**
 * The signal by which an activity tells its workflow that it waits for the judge, for an endpoint that captions, or for
 * rollout servers; `null`: it does not any more. Its second argument is the activity's id: several may wait at once.
 */
export const JUDGE_WAITS = 'judgeWaits';

/** The last moment that a `Date` can be. */
const LAST = 8.64e15;

/** What a run waits for at its judge, at the endpoint that captions, or at its rollout servers. */
export const JudgeWaiting = z.object({
  /** In one sentence, without a full stop. */
  why: z.string(),
  /** Milliseconds since the epoch. */
  since: z.int().nonnegative().max(LAST),
  /** Absent: the judge. */
  of: z.enum(['captioner', 'rollout server']).optional(),
});
export type JudgeWaiting = z.infer<typeof JudgeWaiting>;

/** `waiting for the judge: The judge at ... has an internal error (status 500), since 2026-11-29 22:04:10 UTC`. */
export function waitingSentence({ why, since, of: awaited }: JudgeWaiting): string {
  const when = new Date(since).toISOString().slice(0, 19).replace('T', ' ');
  const reason = why.replace(/(?:, then `videocap resume`)?\.$/, '');
  return `waiting for the ${awaited ?? 'judge'}: ${reason}, since ${when} UTC`;
}
