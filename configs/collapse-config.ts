import { z } from 'zod';

const Share = z.number().min(0).max(1);

/** When a policy counts as collapsed, and what the run does then. */
export const CollapseConfig = z.strictObject({
  /**
   * What the run does at a sign of collapse: `warn` shows the sign wherever the run is shown; `pause` also waits for
   * `resume` or `stop`; `ignore` looks for none. Each sign is reported once.
   */
  action: z.enum(['warn', 'pause', 'ignore']).default('warn'),
  /**
   * The smallest share of captions of different videos that must differ: of the held-out captions, and of the
   * completions of the last five steps. 0 is one caption for every video.
   */
  minDistinctCaptions: Share.default(0.2),
  /** The largest change of the mean completion length: the last five steps against the first three. 0.5: by half. */
  maxLengthChange: z.number().positive().default(0.5),
  /** The largest mean share of groups whose rewards are all equal. */
  maxUniformGroups: Share.default(0.9),
  /**
   * Over how many of the last steps the mean share is taken, at least. Where so many steps have too few groups to
   * exclude chance, over up to 60.
   */
  uniformSteps: z.int().min(1).default(5),
});
export type CollapseConfig = z.infer<typeof CollapseConfig>;
