import { stringify } from 'yaml';
import type { z } from 'zod';
import { parseConfig } from '../configs/load-config.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { Limits } from '../contracts/limits.ts';
import { lastStep, progressAt, readProgress } from '../contracts/read-progress.ts';
import { readRecords } from '../contracts/read-records.ts';
import {
  FindProgressInput,
  type FindProgressOutput,
  ForkProgressInput,
  type ForkProgressOutput,
  type RunProgress,
} from '../contracts/run-state.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { unlessDamaged } from '../core/errors.ts';
import { keyOf } from '../core/store-layout.ts';

/** Finds where a run can go on, or where another can start from. */
export function createProgressActivities({ store }: { store: ArtifactStore }) {
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
        const progress = await unlessDamaged(readProgress(store, run, step));
        limits ??= progress?.limits;
        if (progress && !(await isDamaged(store, progress))) return { progress: { ...progress, limits: limits! } };
      }
      return {};
    },

    /**
     * Begins a new run with another's state after a step and a changed config: same start policy, the parent's records and
     * states as its own past, a judge's bill of its own.
     * @throws VideocapError `InvalidInput` when the parent has no such step, or its checkpoint is not kept.
     */
    async forkProgress(rawInput: z.input<typeof ForkProgressInput>): Promise<z.infer<typeof ForkProgressOutput>> {
      const { from, runKey, overrides } = ForkProgressInput.parse(rawInput);
      const { progress: parent } = await progressAt(store, from);
      const config = parseConfig(stringify(parent.config), {
        file: `the config of run ${from.run}`,
        folder: '/',
        overrides,
      });
      const own = (state: RunProgress) => ({
        ...state,
        config,
        spent: { usd: 0, calls: 0 },
        limits: {},
        mirroredStep: -1,
        // Values of another metric cannot be compared.
        best: isComparable(config, parent.config) ? state.best : undefined,
      });
      const copy = async (step: number) => {
        const [record] = await readRecords(store, from.run, step, step);
        await store.putJsonOnce(keyOf('record', { runKey, step }), async () => record);
        const state = own(await readProgress(store, from.run, step));
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
async function isDamaged(store: ArtifactStore, { step, policy, evaluations, best }: RunProgress): Promise<boolean> {
  // Policies of earlier benchmarks need not be there, but for the best, and `loadPolicy` restores the start policy.
  const measured = evaluations.map(({ captions, details, suites }) => [
    captions,
    details,
    suites?.map(({ result, report, drillDown }) => [result, report, drillDown]),
  ]);
  const exported = best && best.step > 0 && evaluations.find((evaluation) => evaluation.step === best.step)?.policy;
  return (await store.firstDamaged([step > 0 && policy, exported, measured])) !== undefined;
}

/** Whether two configs choose the best checkpoint by the same values. */
function isComparable({ checkpoints: a }: ExperimentConfig, { checkpoints: b }: ExperimentConfig): boolean {
  return a.best !== undefined && a.best.metric === b.best?.metric && a.best.mode === b.best.mode;
}
