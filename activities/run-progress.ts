import type { z } from 'zod';
import type { ExperimentConfig } from '../configs/schema.ts';
import { forkConfig } from '../contracts/fork-config.ts';
import type { Limits } from '../contracts/limits.ts';
import {
  findRun,
  isThere,
  lastStep,
  progressAt,
  readProgress,
  TO_GO_ON,
  withoutCheckpoint,
} from '../contracts/read-progress.ts';
import { readRecords } from '../contracts/read-records.ts';
import { Recipe } from '../contracts/recipe.ts';
import type { RunIdentity } from '../contracts/run-identity.ts';
import {
  FindProgressInput,
  type FindProgressOutput,
  ForkProgressInput,
  type ForkProgressOutput,
  type RunProgress,
} from '../contracts/run-state.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { unlessDamaged } from '../core/errors.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOf, parseKey } from '../core/store-layout.ts';
import { keyOfContent, nameIn } from '../core/stored-ref.ts';
import { type JudgeConfig, judgement } from '../judge/judge-config.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { noteStart } from './note-start.ts';
import { pinnedReward } from './pinned-reward.ts';
import { byFiles } from './policy-files.ts';

/** Finds where a run can continue, or where another can start from. */
export function createProgressActivities(deps: Pick<ActivityDeps, 'store' | 'home' | 'env'>) {
  const { store } = deps;
  return {
    /**
     * The state after the last recorded step whose artifacts are intact; the run makes later steps again. Absent if
     * that would be the start, or the step that a fork began with. `loadPolicy` restores the start policy's weights.
     * The limits are those of the last recorded step, since a user may have changed them.
     */
    async findProgress(rawInput: z.input<typeof FindProgressInput>): Promise<z.infer<typeof FindProgressOutput>> {
      const { run } = FindProgressInput.parse(rawInput);
      const last = await lastStep(store, run);
      if (last === undefined) return {};
      let limits: Limits | undefined;
      for (let step = await lastRecord(store, run, last); step >= 0; step--) {
        // Earlier steps of a fork are its parent's; made again here, they would differ from the records.
        if (step < last && !(await store.find(keyOf('update', { runKey: run, step: step + 1 })))) break;
        const progress = await unlessDamaged(readProgress(store, run, step));
        limits ??= progress?.limits;
        if (progress && !(await isDamaged(store, run, progress))) return { progress: { ...progress, limits: limits! } };
      }
      return {};
    },

    /**
     * Begins a new run with another's state after a step and a changed config: same start policy, the parent's records
     * and states as its own past, a clock and a judge's bill of its own, custom rewards with their code as it is now.
     * Of a checkpoint that the parent will remove as it continues, the new run gets its own copy. It says where it was
     * forked from; what it inherits of benchmarks, it compares with its own (`compareBenchmark`).
     * @throws VideocapError `InvalidInput` when the parent has no such step, or its checkpoint is not kept.
     */
    async forkProgress(rawInput: z.input<typeof ForkProgressInput>): Promise<z.infer<typeof ForkProgressOutput>> {
      const { from, runKey, overrides, startTime } = ForkProgressInput.parse(rawInput);
      const { run } = await findRun(store, from.run);
      const start =
        (await startOf(store, runKey, from.step)) ?? (await copyOfParent(store, { run, step: from.step }, runKey));
      const parsed = forkConfig(from.run, start.config, overrides);
      const config = { ...parsed, reward: await pinnedReward(deps, parsed.reward) };
      await noteStart(store, runKey, {
        ...{ config: from.run, overrides, fork: { run, step: from.step } },
        base: async () => start.config,
      });
      const own = ({
        benchmarkSpent: _,
        captionsSpent: ____,
        collapse: __,
        rolloutPolicy: ___,
        sweep: _____,
        ...state
      }: RunProgress): RunProgress => ({
        ...state,
        config,
        startTime: startTime ?? state.startTime,
        forkedFrom: { run, step: from.step },
        spent: { usd: 0, calls: 0 },
        limits: {},
        mirroredStep: -1,
        identity: state.identity && ofSameJudges(state.identity, config, state.config),
        // Values of another metric cannot be compared.
        best: isComparable(config, state.config) ? state.best : undefined,
      });
      const copy = async (step: number) => {
        const [record] = await readRecords(store, run, step, step);
        await store.putJsonOnce(keyOf('record', { runKey, step }), async () => record);
        const state = own(step === from.step ? start : await readProgress(store, run, step));
        await store.putJsonOnce(keyOf('progress', { runKey, step }), async () => state);
      };
      // First: the parent may remove this step's checkpoint, and an attempt after this one then finds the copy.
      if (from.step > 0) await copy(from.step);
      for (const steps of inParts(1, from.step - 1)) await Promise.all(steps.map(copy));
      // Stored last: an attempt that dies before this leaves no progress, so the run does not continue from its
      // parent's past.
      await copy(0);
      return { progress: own(start) };
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

/** Is anything damaged that a run cannot continue without, and that only its earlier steps can make again? */
async function isDamaged(store: ArtifactStore, runKey: string, progress: RunProgress): Promise<boolean> {
  const { step, policy, reference, rolloutPolicy, evaluations, best } = progress;
  // The run continues without the policies of earlier benchmarks, except the best one. `loadPolicy` restores step 0.
  const measured = evaluations.map(({ captions, details, suites }) => [
    captions,
    details,
    suites?.map(({ result, report, drillDown }) => [result, report, drillDown]),
  ]);
  const exported = best && best.step > 0 && evaluations.find((evaluation) => evaluation.step === best.step)?.policy;
  // What it has sampled is stored, if it was learned from.
  const sampled = rolloutPolicy && (await store.find(keyOf('update', { runKey, step: step + 1 })));
  const samples = !sampled && rolloutPolicy && rolloutPolicy.step > 0 && rolloutPolicy;
  const policies = [step > 0 && policy, reference.step > 0 && reference, samples, exported];
  return (await store.firstDamaged([policies, measured])) !== undefined;
}

/** The state that a fork begins with, where an earlier attempt has stored it and nothing of it is damaged. */
async function startOf(store: ArtifactStore, runKey: string, step: number): Promise<RunProgress | undefined> {
  if (!(await store.find(keyOf('progress', { runKey, step })))) return undefined;
  const isWhole = await unlessDamaged(isThere(store, { run: runKey, step }, TO_GO_ON));
  return isWhole ? readProgress(store, runKey, step) : undefined;
}

/**
 * The parent's state after a step, for a fork. Where `checkpoints.keepEvery` does not keep it, the parent may be about
 * to remove its files: the fork gets copies in its own folder.
 */
async function copyOfParent(
  store: ArtifactStore,
  { run, step }: { run: string; step: number },
  runKey: string,
): Promise<RunProgress> {
  const { progress: parent } = await progressAt(store, { run, step }, TO_GO_ON);
  const { keepEvery } = parent.config.checkpoints;
  if (step === 0 || (keepEvery > 0 && step % keepEvery === 0)) return parent;
  const copied = async (ref: ArtifactRef): Promise<ArtifactRef> => {
    const place = parseKey(keyOfContent(nameIn(ref)) ?? '');
    if (place?.kind !== 'checkpointWeights' && place?.kind !== 'checkpointOptimizer' && place?.kind !== 'recipe')
      return ref;
    // A third run's checkpoint is one that it keeps; otherwise the parent would have a copy.
    if (place.parts.runKey !== run) return ref;
    const key = keyOf(place.kind, { ...place.parts, runKey });
    if (place.kind !== 'recipe') return store.putCopy(key, ref);
    const { update, ...recipe } = await store.readJson(ref, Recipe);
    const [policy, reference] = [await copy(update.policy), await copy(update.reference)];
    return store.putJson(key, { update: { ...update, policy, reference }, ...recipe });
  };
  const copy = async (ref: PolicyRef): Promise<PolicyRef> => {
    const { weights, optimizer, ...policy } = await byFiles(store, ref);
    return {
      ...policy,
      weights: await copied(weights),
      ...(optimizer && { optimizer: await copied(optimizer) }),
    };
  };
  // One after the other: the reference policy may be this very policy.
  const policy = await unlessDamaged(copy(parent.policy));
  const reference = policy && (await unlessDamaged(copy(parent.reference)));
  if (!reference) throw await withoutCheckpoint(store, { run, step }, TO_GO_ON); // removed meanwhile
  return { ...parent, policy, reference };
}

/** Whether two configs choose the best checkpoint by the same values. */
function isComparable({ checkpoints: a }: ExperimentConfig, { checkpoints: b }: ExperimentConfig): boolean {
  return a.best !== undefined && a.best.metric === b.best?.metric && a.best.mode === b.best.mode;
}

/** What a parent was made with, without the judges that its fork has changed on purpose. */
function ofSameJudges(identity: RunIdentity, fork: ExperimentConfig, parent: ExperimentConfig): RunIdentity {
  const { judge, 'benchmark.judge': ofBenchmarks, ...machines } = identity.seen;
  const isSame = (a: JudgeConfig | undefined, b: JudgeConfig | undefined) =>
    JSON.stringify(a && judgement(a)) === JSON.stringify(b && judgement(b));
  return {
    ...identity,
    seen: {
      ...machines,
      ...(judge && isSame(fork.judge, parent.judge) && { judge }),
      ...(ofBenchmarks && isSame(fork.benchmark.judge, parent.benchmark.judge) && { 'benchmark.judge': ofBenchmarks }),
    },
  };
}
