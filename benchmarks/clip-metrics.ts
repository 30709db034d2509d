import { REFERENCE_METRICS } from '../rewards/reference/metrics.ts';
import type { ClipResult } from './held-out.ts';

/**
 * A metric of the held-out benchmark as a function of means over clips, so that a resample of clips costs one sum:
 * `eventF1` is made of the means of recall and precision.
 */
export interface ClipMetric {
  /** What one clip adds; `undefined` where it was not scored. */
  parts(clip: ClipResult): readonly number[] | undefined;
  /** The metric in points, of the means of the parts. */
  value(means: readonly number[]): number;
}

const first = ([mean]: readonly number[]) => 100 * mean!;

function pointsOf(kind: 'event' | 'action' | 'object'): Record<string, ClipMetric> {
  const parts = (clip: ClipResult) => {
    const points = clip[kind];
    return points && [points.recall, points.precision];
  };
  return {
    [`${kind}F1`]: {
      parts,
      value: ([recall, precision]) =>
        recall! + precision! === 0 ? 0 : (200 * recall! * precision!) / (recall! + precision!),
    },
    [`${kind}Recall`]: { parts, value: first },
    [`${kind}Precision`]: { parts, value: ([, precision]) => 100 * precision! },
  };
}

/** By the names that `heldOutMetrics` has for them. */
export const CLIP_METRICS: Readonly<Record<string, ClipMetric>> = {
  ...pointsOf('event'),
  ...pointsOf('action'),
  ...pointsOf('object'),
  think: { parts: ({ think }) => (think === undefined ? undefined : [think]), value: first },
  format: { parts: ({ format }) => [format], value: first },
  ...Object.fromEntries(
    Object.values(REFERENCE_METRICS).map((metric): [string, ClipMetric] => [
      metric.name,
      {
        parts: ({ references }) => {
          const measured = references?.[metric.name];
          return measured && (measured.counts ?? [measured.score]);
        },
        value: (means) =>
          'summary' in metric && metric.summary
            ? 100 * metric.summary([{ score: 0, counts: [...means] }])
            : first(means),
      },
    ]),
  ),
};
