import { z } from 'zod';
import { REFERENCE_METRICS } from '../rewards/reference/metrics.ts';

type ReferenceName = keyof typeof REFERENCE_METRICS;
export const REFERENCE_NAMES = Object.keys(REFERENCE_METRICS) as [ReferenceName, ...ReferenceName[]];

/**
 * What captions of the held-out videos are measured by. `events`: AutoDQ's event scores, by the judge; in the small
 * world actions and objects too. The others compare with the reference caption, without a judge.
 */
export const HeldOutMetric = z.enum(['events', ...REFERENCE_NAMES]);
export type HeldOutMetric = z.infer<typeof HeldOutMetric>;

/** Those that need no judge. */
export function referenceMetricsOf(metrics: readonly HeldOutMetric[]) {
  return metrics.filter((name) => name !== 'events').map((name) => REFERENCE_METRICS[name]);
}

/** How tables and charts name the metrics that need no judge. */
export const REFERENCE_ROWS = Object.values(REFERENCE_METRICS).map(({ name, title, hint, colour }) => ({
  metric: name,
  title,
  hint,
  colour,
}));
