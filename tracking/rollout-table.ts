import type { StepRecord } from '../contracts/run-results.ts';
import type { Rollout } from '../core/completion.ts';
import type { DatasetManifest } from '../core/sample.ts';
import type { Table } from './logged-tables.ts';

/**
 * Every completion of a step with what it earned, in the rollout's order. `null`: it has no such number. The first column is
 * another for every row, since MLflow's evaluation view groups by it; the second is what that view shows first.
 */
export function rolloutTable(record: StepRecord, rollout: Rollout, { train, heldOut }: DatasetManifest): Table {
  const { rewards, scores = {} } = record;
  const references = new Map([...train, ...heldOut].map(({ id, caption }) => [id, caption]));
  return {
    columns: [
      ...['id', 'completion', 'reference', 'format', 'think', 'caption', 'reward', 'advantage'],
      ...['sample', 'step'],
    ],
    data: rollout.groups.flatMap(({ sampleId, completions }, g) =>
      completions.map(({ text }, c) => {
        const numbers = [scores.format, scores.think, scores.caption, rewards, scores.advantage];
        return [
          `${sampleId} #${c + 1}`,
          text,
          references.get(sampleId) ?? null,
          ...numbers.map((grid) => grid?.[g]?.[c] ?? null),
          sampleId,
          record.step,
        ];
      }),
    ),
  };
}
