import type { ScoredRollout } from '../contracts/run-results.ts';
import type { Group } from '../core/completion.ts';
import type { ReadManifest } from '../core/manifest.ts';
import { COMPONENTS } from '../rewards/registry.ts';
import type { Table } from './logged-tables.ts';

/** A rollout's scores with what was sampled. */
export type SampledRollout = Pick<ScoredRollout, 'scores' | 'rewards' | 'advantages'> & { groups: readonly Group[] };

/**
 * Every completion of a step with what it earned of each component that was scored, in the order of the rollouts.
 * `null`: no such number exists. The first column is another for every row, since MLflow's evaluation view groups by
 * it; the second is what that view shows first.
 */
export function rolloutTable(step: number, rollouts: readonly SampledRollout[], manifest: ReadManifest): Table {
  const scored = new Set(rollouts.flatMap(({ scores }) => Object.keys(scores)));
  // Custom rewards after the others, as the rollouts have them.
  const names = [...new Set([...Object.keys(COMPONENTS).filter((name) => scored.has(name)), ...scored])];
  return {
    columns: ['id', 'completion', 'reference', ...names, 'reward', 'advantage', 'sample', 'step', 'prompt'],
    data: rollouts.flatMap(({ scores, rewards, advantages, groups }) =>
      groups.flatMap(({ sampleId, prompt, completions }, g) =>
        completions.map(({ text }, c) => [
          `${sampleId} #${c + 1}`,
          text,
          manifest.sample(sampleId).caption,
          ...[...names.map((name) => scores[name]), rewards, advantages].map((grid) => grid?.[g]?.[c] ?? null),
          sampleId,
          step,
          prompt ?? null,
        ]),
      ),
    ),
  };
}
