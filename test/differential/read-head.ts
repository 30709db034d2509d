import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { readRecords } from '../../contracts/read-records.ts';
import { ScoredRollout, type StepRecord } from '../../contracts/run-results.ts';
import { RunProgress } from '../../contracts/run-state.ts';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import { ArtifactStore, sha256 } from '../../core/artifact-store.ts';
import { CaptionedClip, Rollout } from '../../core/completion.ts';
import { unlessDamaged } from '../../core/errors.ts';
import type { NumberGrid } from '../../core/grid.ts';
import { keyOf } from '../../core/store-layout.ts';
import type { RunOutcome, StepOutcome } from './outcome.ts';

const LOOK_MILLISECONDS = 50;

/** A run of the present code, read by the present code: where it keeps things may change, what they are may not. */
export async function readHead(folder: string, runKey: string, steps: number): Promise<RunOutcome> {
  const store = new ArtifactStore(folder);
  const outcomes: StepOutcome[] = [];
  for (const record of await readRecords(store, runKey, 0, steps)) outcomes.push(await readStep(store, runKey, record));
  return { steps: outcomes };
}

async function readStep(store: ArtifactStore, runKey: string, record: StepRecord): Promise<StepOutcome> {
  const { step, metrics, scored } = record;
  const rollouts = scored ? await store.readJson(scored, z.array(ScoredRollout)) : [];
  const { policy, evaluations } = await store.readJson(
    (await store.find(keyOf('progress', { runKey, step })))!,
    RunProgress,
  );
  const sampled = await Promise.all(rollouts.map(({ rollout }) => store.readJson(rollout, Rollout)));
  const joined = (grids: NumberGrid[]) => grids.flat();
  const scoresOf = (name: string) => joined(rollouts.map(({ scores }) => scores[name]!));
  const evaluation = evaluations.find((evaluation) => evaluation.step === step);
  return {
    step,
    groups: sampled
      .flatMap(({ groups }) => groups)
      .map(({ sampleId, completions }) => ({
        sampleId,
        completions: completions.map(({ text, truncated, tokenIds, logProbs }) => ({
          ...{ text, truncated, tokenIds, logProbs },
        })),
      })),
    scores:
      rollouts.length === 0
        ? undefined
        : {
            format: scoresOf('format'),
            think: scoresOf('think'),
            caption: scoresOf('caption'),
            advantage: joined(rollouts.map(({ advantages }) => advantages)),
            total: joined(rollouts.map(({ rewards }) => rewards)),
          },
    metrics,
    weights: await checkpoint(store, policy.weights),
    optimizer: policy.optimizer && (await checkpoint(store, policy.optimizer)),
    benchmark: evaluation && {
      captions: (await store.readJson(evaluation.captions, z.array(CaptionedClip))).map(
        ({ sampleId, text, tokens }) => ({
          ...{ sampleId, text, tokens },
        }),
      ),
      metrics: evaluation.metrics,
    },
  };
}

/** What a checkpoint's file hashes to; of one that was removed since, what it hashed to when it was stored. */
async function checkpoint(store: ArtifactStore, ref: ArtifactRef): Promise<string> {
  const bytes = await unlessDamaged(store.read(ref));
  return bytes ? sha256(bytes) : ref.sha256;
}

/**
 * Resolves when a run has recorded a step and works on the next.
 * @throws Error when the run was faster than this check, and is past that moment.
 */
export async function recorded(folder: string, runKey: string, step: number, signal: AbortSignal): Promise<void> {
  const store = new ArtifactStore(folder);
  const has = async (step: number) => (await store.find(keyOf('record', { runKey, step }))) !== undefined;
  while (!(await has(step))) await sleep(LOOK_MILLISECONDS, undefined, { signal });
  if (await has(step + 1)) throw new Error(`step ${step + 1} ended before this script read the end of step ${step}.`);
}
