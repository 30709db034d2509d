import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchmarkOutcome, CompletionOutcome, Grid, RunOutcome, StepOutcome } from './outcome.ts';

/**
 * Files as the base revision writes them. That revision does not change, so they are read as they lie: without its
 * code, or ours.
 */

interface Ref {
  uri: string;
  sha256: string;
}
interface Record_ {
  step: number;
  metrics: Record<string, number>;
  rollout?: Ref;
  rewards?: Grid;
  scores?: { format: Grid; think: Grid; caption: Grid; advantage: Grid };
}
interface Progress {
  policy: { weights: Ref; optimizer?: Ref };
  evaluations: { step: number; metrics: Record<string, number>; captions: Ref }[];
}
interface Rollout {
  groups: { sampleId: string; completions: CompletionOutcome[] }[];
}

export async function readBase(store: string, runKey: string, steps: number): Promise<RunOutcome> {
  const outcomes: StepOutcome[] = [];
  for (let step = 0; step <= steps; step++) outcomes.push(await readStep(store, `runs/${runKey}`, step));
  return { steps: outcomes };
}

async function readStep(store: string, run: string, step: number): Promise<StepOutcome> {
  const name = `step-${String(step).padStart(6, '0')}.json`;
  const record = await keyed<Record_>(store, `${run}/records/${name}`);
  const { policy, evaluations } = await keyed<Progress>(store, `${run}/progress/${name}`);
  const { groups } = record.rollout ? await content<Rollout>(store, record.rollout) : { groups: [] };
  const evaluation = evaluations.find((evaluation) => evaluation.step === step);
  return {
    step: record.step,
    groups: groups.map(({ sampleId, completions }) => ({
      sampleId,
      completions: completions.map(({ text, truncated, tokenIds, logProbs }) => ({
        ...{ text, truncated, tokenIds, logProbs },
      })),
    })),
    scores: record.scores && record.rewards && { ...record.scores, total: record.rewards },
    metrics: record.metrics,
    weights: await checkpoint(store, policy.weights),
    optimizer: policy.optimizer && (await checkpoint(store, policy.optimizer)),
    benchmark: evaluation && {
      captions: await content<BenchmarkOutcome['captions']>(store, evaluation.captions),
      metrics: evaluation.metrics,
    },
  };
}

/** The JSON under a key: `<key>.ref` says which file it is. */
async function keyed<T>(store: string, key: string): Promise<T> {
  return content(store, JSON.parse(await readFile(join(store, `${key}.ref`), 'utf8')) as Ref);
}

async function content<T>(store: string, ref: Ref): Promise<T> {
  return JSON.parse(await readFile(pathOf(store, ref), 'utf8')) as T;
}

/** What a checkpoint's file hashes to; of one that was removed since, what it hashed to when it was stored. */
async function checkpoint(store: string, ref: Ref): Promise<string> {
  const bytes = await readFile(pathOf(store, ref)).catch(() => undefined);
  return bytes ? createHash('sha256').update(bytes).digest('hex') : ref.sha256;
}

function pathOf(store: string, { uri }: Ref): string {
  return join(store, uri.slice('store:'.length));
}
