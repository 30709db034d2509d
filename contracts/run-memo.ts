import { z } from 'zod';
import { Limits } from './limits.ts';

/**
 * The memo of an execution, so that `videocap resume`, `fork` and `gc` find the run behind it. It
 * is written when the run starts, when its config is known and when its limits change.
 */
export const RunMemo = z.object({
  /** The run's key in the store. */
  run: z.string().min(1),
  /** What the run was started with. */
  config: z.string().min(1),
  configHash: z.string().optional(),
  overrides: z.record(z.string(), z.unknown()),
  fork: z.strictObject({ run: z.string().min(1), step: z.int().nonnegative() }).optional(),
  limits: Limits.optional(),
  /** What it is, as `runTitle` says: Temporal's own summary is only there where the starter has given one. */
  summary: z.string().optional(),
});
export type RunMemo = z.infer<typeof RunMemo>;

/** The memo of an execution, or `undefined` where an execution has written none. */
export function readMemo(memo: unknown): RunMemo | undefined {
  return RunMemo.safeParse(memo).data;
}
