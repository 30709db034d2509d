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

/** What the benchmark can measure with these `metrics`; `actionF1` and its like only in the small world. */
export function measuredBy(metrics: readonly HeldOutMetric[]): string[] {
  const events = ['event', 'action', 'object'].flatMap((kind) => [`${kind}F1`, `${kind}Recall`, `${kind}Precision`]);
  return [
    ...(metrics.includes('events') ? events : []),
    ...referenceMetricsOf(metrics).map(({ name }) => name),
    ...['think', 'format', 'distinctCaptions', 'meanTokens'],
  ];
}

/** Whether the benchmark can measure `metric`, or it is the bound of what it can measure, or a count. */
export function isMeasured(metric: string, metrics: readonly HeldOutMetric[]): boolean {
  return [...measuredBy(metrics), 'clips', 'unscorable'].includes(metric.replace(/(?<=.)(Low|High)$/, ''));
}

/** How tables and charts name the metrics that need no judge. */
export const REFERENCE_ROWS = Object.values(REFERENCE_METRICS).map(({ name, title, hint, colour }) => ({
  metric: name,
  title,
  hint,
  colour,
}));
