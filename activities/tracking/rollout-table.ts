import type { Rollout } from '../../core/completion.ts';
import type { DatasetManifest } from '../../core/sample.ts';
import type { StepRecord } from '../../core/stages.ts';
import type { Table } from './logged-tables.ts';

/** Every completion of a step with what it earned, in the rollout's order. `null`: it has no such number. */
export function rolloutTable(record: StepRecord, rollout: Rollout, { train, heldOut }: DatasetManifest): Table {
  const { rewards, scores = {} } = record;
  const references = new Map([...train, ...heldOut].map(({ id, caption }) => [id, caption]));
  return {
    columns: ['step', 'sample', 'reference', 'completion', 'format', 'think', 'caption', 'reward', 'advantage'],
    data: rollout.groups.flatMap(({ sampleId, completions }, g) =>
      completions.map(({ text }, c) => {
        const numbers = [scores.format, scores.think, scores.caption, rewards, scores.advantage];
        return [
          record.step,
          sampleId,
          references.get(sampleId) ?? null,
          text,
          ...numbers.map((grid) => grid?.[g]?.[c] ?? null),
        ];
      }),
    ),
  };
}
