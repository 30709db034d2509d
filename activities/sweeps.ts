import type { z } from 'zod';
import { checkAddedArm, checkArms } from '../configs/check-arms.ts';
import { keepConfig } from '../configs/kept-configs.ts';
import { shown } from '../configs/load-config.ts';
import { parseSweep } from '../configs/load-sweep.ts';
import {
  ResolveArmInput,
  type ResolveArmOutput,
  ResolveSweepInput,
  ResolveSweepOutput,
} from '../contracts/sweep-input.ts';
import { ONE_CONDITION, type SweepArm } from '../contracts/sweep-plan.ts';
import { WriteSweepTableInput, type WriteSweepTableOutput } from '../contracts/sweep-results.ts';
import { VideocapError } from '../core/errors.ts';
import { sha256 } from '../core/sha256.ts';
import { keyOf } from '../core/store-layout.ts';
import { compareRuns } from '../report/measured-runs.ts';
import { clipsOfArms } from '../report/sweep-clips.ts';
import { sweepMarkdown } from '../report/sweep-markdown.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { textOf } from './resolve-config.ts';

/** Digits of the hash in a table's name. */
const HASH_DIGITS = 12;

/** Checks sweeps, and compares their runs. */
export function createSweepActivities({ home, signal }: Pick<ActivityDeps, 'home' | 'signal'>) {
  return {
    /**
     * A sweep file with its arms written out, each checked in every condition as a run's config is; the text of the
     * experiment's config is kept, so that all runs have the same.
     * @throws VideocapError `InvalidConfig`, with the arm, the field, its value and what to do.
     */
    async resolveSweep(rawInput: z.input<typeof ResolveSweepInput>): Promise<z.infer<typeof ResolveSweepOutput>> {
      const { sweep, sweepHash, overrides } = ResolveSweepInput.parse(rawInput);
      const source = await textOf({ config: sweep, ...(sweepHash && { configHash: sweepHash }), overrides: {} }, home);
      const parts = parseSweep(source, overrides);
      const base = await textOf({ config: parts.config, overrides: {} }, home);
      const checked = await checkArms(parts, base, shown(sweep), signal?.());
      const { name, set, metric, reference, seeds, concurrency, budget, halving } = parts.file;
      const output = ResolveSweepOutput.safeParse({
        plan: {
          ...{ name, config: parts.config, configHash: await keepConfig(home, base) },
          ...{ set, metric, reference, concurrency, budget },
          ...(halving && { halving: { ...halving, stopped: [] } }),
          conditions: parts.conditions.length > 0 ? parts.conditions : [{ name: ONE_CONDITION, set: {} }],
          arms: checked.map(
            ({ arm, calls, steps }): SweepArm => ({
              name: arm.name,
              set: arm.set,
              seeds: arm.seeds ?? seeds,
              ...(arm.after !== undefined && { after: arm.after }),
              ...{ calls, steps },
            }),
          ),
        },
      });
      if (output.success) return output.data;
      throw new VideocapError('InvalidConfig', `${shown(sweep)}: ${output.error.issues[0]!.message}.`);
    },

    /** Checks an arm that is added to a sweep. @throws VideocapError `InvalidConfig`. */
    async resolveArm(rawInput: z.input<typeof ResolveArmInput>): Promise<z.infer<typeof ResolveArmOutput>> {
      const { plan, arm } = ResolveArmInput.parse(rawInput);
      const base = await textOf(
        { config: plan.config, ...(plan.configHash && { configHash: plan.configHash }), overrides: {} },
        home,
      );
      const seeds = arm.seeds ?? plan.arms.find(({ name }) => name === plan.reference)!.seeds;
      const { name, set, after } = arm;
      const { calls, steps } = await checkAddedArm(plan, { name, set, seeds, after }, base, signal?.());
      return { arm: { name, set, seeds, ...(after !== undefined && { after }), calls, steps } };
    },
  };
}

/** Makes the tables of sweeps. */
export function createSweepTableActivities({ store }: Pick<ActivityDeps, 'store'>) {
  return {
    /** Compares the arms of a sweep: as data, and as Markdown. The same outcomes give the same table. */
    async writeSweepTable(
      rawInput: z.input<typeof WriteSweepTableInput>,
    ): Promise<z.infer<typeof WriteSweepTableOutput>> {
      const input = WriteSweepTableInput.parse(rawInput);
      const { runKey } = input;
      const hash = sha256(JSON.stringify(input)).slice(0, HASH_DIGITS);
      const { table: result, runs } = await compareRuns(store, input);
      const table = await store.putJsonOnce(keyOf('sweepTable', { runKey, hash }), async () => result);
      const report = await store.once(keyOf('sweepReport', { runKey, hash }), async () => sweepMarkdown(result));
      const page = await store.once(keyOf('sweepPage', { runKey, hash }), async () => {
        // The drawing library is large; a worker that loads it here starts sooner.
        const { sweepPage } = await import('../report/sweep-page.ts');
        return sweepPage(result, clipsOfArms(runs, result.metric));
      });
      return { result, table, report, page };
    },
  };
}
