import type { ExperimentConfig } from '../configs/schema.ts';
import type { SweepPlace } from '../contracts/sweep-place.ts';
import type { SweepTable } from '../contracts/sweep-results.ts';
import type { WantedRun } from './find-or-create-run.ts';
import type { Metric } from './mlflow-client.ts';
import { experimentName, experimentTags, NOTE_TAG, RUN_KEY_TAG } from './run-tags.ts';

/**
 * The MLflow run of a sweep, which the runs of its arms stand below. The first of them makes it: a sweep need not wait
 * for MLflow before it begins.
 */
export function sweepRun(
  { sweep, name }: Pick<SweepPlace, 'sweep' | 'name'>,
  config: ExperimentConfig,
  startTime: number,
): WantedRun {
  return {
    runKey: sweep,
    startTime,
    experiment: { name: experimentName(config), tags: experimentTags(config) },
    tags: () => [
      { key: RUN_KEY_TAG, value: sweep },
      { key: NOTE_TAG, value: `The sweep \`${name}\`. Its runs stand below; the table comes at its end.` },
    ],
  };
}

/** The means of every arm, by metric first: `eventF1/grpo.few`. All at one step, since a sweep has none. */
export function sweepMetrics({ conditions, metric }: SweepTable, timestamp: number): Metric[] {
  return conditions.flatMap(({ name: condition, rows }) =>
    rows.flatMap(({ arm, mean, others }) =>
      Object.entries({ ...(mean !== null && { [metric]: mean }), ...others }).map(([key, value]) => ({
        key: `${key}/${arm}.${condition}`,
        value,
        step: 0,
        timestamp,
      })),
    ),
  );
}

/** The sweep's description at its end. Short, since MLflow folds long ones. */
export function sweepNote({ name, verdict, warnings }: SweepTable, path: string): string {
  return [
    `The sweep \`${name}\`. ${verdict.join(' ')}`,
    ...warnings.map((warning) => `**Warning:** ${warning}.`),
    `Its table and pictures: artifact \`${path}\`.`,
  ].join('\n\n');
}
