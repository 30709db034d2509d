import type { StepRecord } from '../contracts/run-results.ts';
import type { Rollout } from '../core/completion.ts';
import type { ReadManifest } from '../core/manifest.ts';
import { COMPONENTS } from '../rewards/registry.ts';
import type { Table } from './logged-tables.ts';

const NAMES = Object.keys(COMPONENTS);

/**
 * Every completion of a step with what it earned, in the order of the rollouts. `null`: it has no such number. The first
 * column is another for every row, since MLflow's evaluation view groups by it; the second is what that view shows first.
 * @param rollouts of the record, in its order.
 */
export function rolloutTable(record: StepRecord, rollouts: readonly Rollout[], manifest: ReadManifest): Table {
  return {
    columns: ['id', 'completion', 'reference', ...NAMES, 'reward', 'advantage', 'sample', 'step', 'prompt'],
    data: record.rollouts.flatMap(({ scores, rewards, advantages }, r) =>
      rollouts[r]!.groups.flatMap(({ sampleId, prompt, completions }, g) =>
        completions.map(({ text }, c) => [
          `${sampleId} #${c + 1}`,
          text,
          manifest.sample(sampleId).caption,
          ...[...NAMES.map((name) => scores[name]), rewards, advantages].map((grid) => grid?.[g]?.[c] ?? null),
          sampleId,
          record.step,
          prompt ?? null,
        ]),
      ),
    ),
  };
}
