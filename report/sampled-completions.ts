import { z } from 'zod';
import { ScoredRollout, type StepRecord } from '../contracts/run-results.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { Rollout } from '../core/completion.ts';
import { unlessDamaged } from '../core/errors.ts';
import type { Sample } from '../core/sample.ts';
import { type Kept, kept } from './kept.ts';

/** What the policy sampled in a step, with what it earned. */
export interface SampledStep {
  step: number;
  groups: SampledGroup[];
  /** Groups of the step that the page leaves out. */
  more: number;
}

interface SampledGroup {
  sampleId: string;
  prompt?: string | undefined;
  completions: SampledCompletion[];
  /** Completions of the group that the page leaves out. */
  more: number;
}

export interface SampledCompletion {
  text: string;
  caption?: string | undefined;
  truncated: boolean;
  /** By reward component. */
  scores: { name: string; value: number | null | undefined }[];
  reward: number | null | undefined;
  /** `null`: it stayed out of the update. */
  advantage: number | null | undefined;
}

/** The page has so many of a run: of its steps, of a step's groups, of a group's completions. */
const MOST = { steps: 40, groups: 4, completions: 8 } as const;

/** The completions of a run's steps, the first and the last step among them. */
export async function sampledCompletions(
  store: ArtifactStore,
  records: readonly StepRecord[],
  all: Kept = new Map(),
): Promise<SampledStep[]> {
  const sampled = records.filter(({ scored }) => scored);
  const shown = evenly(sampled, MOST.steps);
  const steps: SampledStep[] = [];
  for (const record of shown) {
    const name = `step ${record.step} ${record.scored!.sha256}`;
    const step = await kept(all, name, () => unlessDamaged(readStep(store, record)));
    if (step) steps.push(step);
  }
  return steps;
}

/** Of a long list so many, from the first to the last, at even distances. */
export function evenly<T>(list: readonly T[], most: number): T[] {
  const count = Math.min(list.length, most);
  return Array.from({ length: count }, (_, i) => list[Math.round((i * (list.length - 1)) / Math.max(1, count - 1))]!);
}

async function readStep(store: ArtifactStore, { step, scored }: StepRecord): Promise<SampledStep> {
  const groups: SampledGroup[] = [];
  let left = 0;
  for (const part of await store.readJson(scored!, z.array(ScoredRollout))) {
    if (groups.length >= MOST.groups) {
      left += part.rewards.length;
      continue;
    }
    const rollout = await store.readJson(part.rollout, Rollout);
    for (const [g, { sampleId, prompt, completions }] of rollout.groups.entries()) {
      if (groups.length >= MOST.groups) left += 1;
      else
        groups.push({
          ...{ sampleId, prompt, more: Math.max(0, completions.length - MOST.completions) },
          completions: completions.slice(0, MOST.completions).map(({ text, parsed, truncated }, c) => ({
            ...{ text, truncated, caption: parsed.caption },
            scores: Object.entries(part.scores).map(([name, grid]) => ({ name, value: grid[g]?.[c] })),
            reward: part.rewards[g]?.[c],
            advantage: part.advantages[g]?.[c],
          })),
        });
    }
  }
  return { step, groups, more: left };
}

/** The references of the samples that a page shows completions of. */
export function referencesOf(steps: readonly SampledStep[], samples: readonly Sample[]): ReadonlyMap<string, string> {
  const shown = new Set(steps.flatMap(({ groups }) => groups.map(({ sampleId }) => sampleId)));
  return new Map(samples.filter(({ id }) => shown.has(id)).map(({ id, caption }) => [id, caption]));
}
