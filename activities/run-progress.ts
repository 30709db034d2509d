import { stringify } from 'yaml';
import type { z } from 'zod';
import { parseConfig } from '../configs/load-config.ts';
import type { Limits } from '../contracts/limits.ts';
import { readRecords } from '../contracts/read-records.ts';
import {
  FindProgressInput,
  type FindProgressOutput,
  ForkProgressInput,
  type ForkProgressOutput,
  RunProgress,
} from '../contracts/run-state.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { unlessDamaged, VideocapError } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';
import { unpinCustomRewards } from '../rewards/custom/custom-kinds.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { pinnedReward } from './custom-rewards.ts';

/** Finds where a run can go on, or where another can start from. */
export function createProgressActivities(deps: Pick<ActivityDeps, 'store' | 'home' | 'env'>) {
  const { store } = deps;
  return {
    /**
     * The state after the last step that was written down and of which nothing is damaged: what later steps lack is made
     * again on the way, and the start policy's weights are left to `loadPolicy`. Nothing where that is the start, or the step
     * that a fork began with. What a person has changed since stays changed.
     */
    async findProgress(rawInput: z.input<typeof FindProgressInput>): Promise<z.infer<typeof FindProgressOutput>> {
      const { run } = FindProgressInput.parse(rawInput);
      const last = await lastStep(store, run);
      if (last === undefined) return {};
      let limits: Limits | undefined;
      for (let step = await lastRecord(store, run, last); step >= 0; step--) {
        // Of a fork, earlier steps are another run's, and this one would make something else of them.
        if (step < last && !(await store.find(keyOf('update', { runKey: run, step: step + 1 })))) break;
        const progress = await unlessDamaged(read(store, run, step));
        limits ??= progress?.limits;
        if (progress && !(await isDamaged(store, progress))) return { progress: { ...progress, limits: limits! } };
      }
      return {};
    },

    /**
     * Begins a new run with another's state after a step and a changed config: same start policy, the parent's records and
     * states as its own past, a judge's bill of its own, custom rewards with their code as it is now.
     * @throws VideocapError `InvalidInput` when the parent has no such step, or its checkpoint is not kept.
     */
    async forkProgress(rawInput: z.input<typeof ForkProgressInput>): Promise<z.infer<typeof ForkProgressOutput>> {
      const { from, runKey, overrides } = ForkProgressInput.parse(rawInput);
      const parent = await parentAt(store, from.run, from.step);
      const parsed = parseConfig(stringify({ ...parent.config, reward: unpinCustomRewards(parent.config.reward) }), {
        file: `the config of run ${from.run}`,
        folder: '/',
        overrides,
      });
      const config = { ...parsed, reward: await pinnedReward(deps, parsed.reward) };
      const own = ({ benchmarkSpent: _, ...state }: RunProgress) => ({
        ...state,
        config,
        spent: { usd: 0, calls: 0 },
        limits: {},
        mirroredStep: -1,
      });
      const copy = async (step: number) => {
        const [record] = await readRecords(store, from.run, step, step);
        await store.putJsonOnce(keyOf('record', { runKey, step }), async () => record);
        const state = own(await read(store, from.run, step));
        await store.putJsonOnce(keyOf('progress', { runKey, step }), async () => state);
      };
      for (const steps of inParts(1, from.step)) await Promise.all(steps.map(copy));
      // Last: a fork that is cut off before this has no past yet, and nobody goes on from the middle of its parent's.
      await copy(0);
      return { progress: own(parent) };
    },
  };
}

/** The last step, up to `last`, before which no record is damaged. */
async function lastRecord(store: ArtifactStore, run: string, last: number): Promise<number> {
  for (const steps of inParts(0, last)) {
    const records = await Promise.all(steps.map((step) => unlessDamaged(readRecords(store, run, step, step))));
    const damaged = records.indexOf(undefined);
    if (damaged >= 0) return steps[damaged]! - 1;
  }
  return last;
}

/** Files of a store that may be far away are read and written so many steps at a time. */
const AT_ONCE = 64;

/** The steps `from` to `to`, both included, in order. */
function* inParts(from: number, to: number): Generator<number[]> {
  for (let first = from; first <= to; first += AT_ONCE)
    yield Array.from({ length: Math.min(AT_ONCE, to + 1 - first) }, (_, i) => first + i);
}

/** Is anything damaged that a run cannot go on without, and that only its earlier steps can make again? */
async function isDamaged(store: ArtifactStore, { step, policy, evaluations }: RunProgress): Promise<boolean> {
  // Policies of earlier benchmarks need not be there, and `loadPolicy` restores the start policy.
  const measured = evaluations.map(({ captions, details, suites }) => [
    captions,
    details,
    suites?.map(({ result, report, drillDown }) => [result, report, drillDown]),
  ]);
  return (await store.firstDamaged([step > 0 && policy, measured])) !== undefined;
}

async function parentAt(store: ArtifactStore, run: string, step: number): Promise<RunProgress> {
  const last = await lastStep(store, run);
  if (last === undefined)
    throw new VideocapError(
      'InvalidInput',
      `There is no run "${run}" in the store to fork; videocap status lists runs.`,
    );
  if (step > last || !(await hasCheckpoint(store, run, step))) {
    const kept: number[] = [];
    for (let at = 0; at <= last; at++) if (await hasCheckpoint(store, run, at)) kept.push(at);
    throw new VideocapError(
      'InvalidInput',
      `Run ${run} has no checkpoint at step ${step}; it has them at ${kept.join(', ')} (checkpoints.keepEvery says which are kept).`,
    );
  }
  return read(store, run, step);
}

/** At step 0 always: `loadPolicy` restores the start policy. */
async function hasCheckpoint(store: ArtifactStore, run: string, step: number): Promise<boolean> {
  return step === 0 || (await store.firstDamaged((await read(store, run, step)).policy)) === undefined;
}

async function read(store: ArtifactStore, run: string, step: number): Promise<RunProgress> {
  const ref = await store.find(keyOf('progress', { runKey: run, step }));
  if (ref) return store.readJson(ref, RunProgress);
  throw new VideocapError('CorruptArtifact', `The state of run ${run} after step ${step} is gone from the store.`);
}

/** States are written for every step from 0 on, without gaps: doubling, then halving, finds the last. */
async function lastStep(store: ArtifactStore, run: string): Promise<number | undefined> {
  const has = async (step: number) => (await store.find(keyOf('progress', { runKey: run, step }))) !== undefined;
  if (!(await has(0))) return undefined;
  let low = 0;
  let high = 1;
  while (await has(high)) [low, high] = [high, 2 * high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await has(middle)) low = middle;
    else high = middle;
  }
  return low;
}
