import { z } from 'zod';

/**
 * The worker whose engine made a stage, and has the policy loaded since: a task queue that it serves alone, and its
 * revision where workers have versions. The run's next stage is asked for there first, then on the engine's queue.
 */
export const HeldBy = z.strictObject({ queue: z.string(), buildId: z.string().optional() });
export type HeldBy = z.infer<typeof HeldBy>;

/**
 * The failure by which such a worker, busy with another run, sends a stage to the engine's queue. Its detail is for the
 * activity that follows.
 */
export const WEIGHTS_ELSEWHERE = 'WeightsElsewhere';

/**
 * The second argument of a stage that was asked for at one worker before, in vain: the activity that was to make it,
 * and what that one's last heartbeat said. Both count as one piece of work with several attempts.
 */
export interface EarlierActivity {
  activity: string;
  trace?: unknown;
}
