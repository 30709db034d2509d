import type { z } from 'zod';
import { algorithmOf } from '../algorithms/registry.ts';
import { HeldOutDetails } from '../benchmarks/held-out.ts';
import { checkAddedArm, checkArms } from '../configs/check-arms.ts';
import { keepConfig } from '../configs/kept-configs.ts';
import { shown } from '../configs/load-config.ts';
import { parseSweep } from '../configs/load-sweep.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { PrepareDatasetOutput } from '../contracts/dataset.ts';
import { lastStep, readProgress } from '../contracts/read-progress.ts';
import { readRecords } from '../contracts/read-records.ts';
import {
  ResolveArmInput,
  type ResolveArmOutput,
  ResolveSweepInput,
  ResolveSweepOutput,
} from '../contracts/sweep-input.ts';
import { ONE_CONDITION, type SweepArm } from '../contracts/sweep-plan.ts';
import {
  type SweepOutcome,
  type SweepTable,
  WriteSweepTableInput,
  type WriteSweepTableOutput,
} from '../contracts/sweep-results.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import { readManifest } from '../core/manifest.ts';
import { sha256 } from '../core/sha256.ts';
import { keyOf } from '../core/store-layout.ts';
import { isLlm, type JudgeConfig } from '../judge/judge-config.ts';
import type { JudgeSpending } from '../judge/usage.ts';
import { clipsOfArms } from '../report/sweep-clips.ts';
import { sweepMarkdown } from '../report/sweep-markdown.ts';
import { type MeasuredRun, sweepTable } from '../report/sweep-table.ts';
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
      const { table: result, runs } = await compared(store, input);
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

type Compared = Omit<z.infer<typeof WriteSweepTableInput>, 'runKey'>;

/** The table of runs whose results lie in a store. */
export async function compareRuns(store: ArtifactStore, input: Compared): Promise<SweepTable> {
  return (await compared(store, input)).table;
}

/** The table with the runs that it is made of. */
async function compared(
  store: ArtifactStore,
  { name, metric, reference, outcomes }: Compared,
): Promise<{ table: SweepTable; runs: MeasuredRun[] }> {
  const runs: MeasuredRun[] = [];
  const videos: string[] = [];
  const startCaptions: string[] = [];
  let [answers, paid] = [0, 0];
  for (const outcome of outcomes) {
    const read = await readRun(store, outcome);
    runs.push(read.run);
    videos.push(...read.videos);
    startCaptions.push(...read.startCaptions);
    answers += read.answers.used;
    paid += read.answers.paid;
  }
  const counted = (all: readonly string[]) => ({ used: all.length, made: new Set(all).size });
  const table = await sweepTable({
    ...{ name, metric, reference, runs },
    shared: {
      videos: counted(videos),
      answers: { used: answers, paid },
      startCaptions: counted(startCaptions),
    },
  });
  return { table, runs };
}

/** What the table takes from one run. Nothing was made of a run that did not come as far as its first benchmark. */
async function readRun(store: ArtifactStore, outcome: SweepOutcome) {
  const nothing = {
    run: { ...outcome, judgeCalls: 0, judgeUsd: 0, seconds: 0 } satisfies MeasuredRun,
    ...{ videos: [] as string[], startCaptions: [] as string[], answers: { used: 0, paid: 0 } },
  };
  const last = outcome.run === undefined ? undefined : await lastStep(store, outcome.run);
  if (outcome.run === undefined || last === undefined) return nothing;
  const { config, spent, benchmarkSpent, evaluations } = await readProgress(store, outcome.run, last);
  const records = await readRecords(store, outcome.run, 0, last);
  const sum = (metric: string) => records.reduce((total, { metrics }) => total + (metrics[metric] ?? 0), 0);
  const paid = sum('judge/calls');
  const isPaid = isLlm(config.judge);
  const measured = outcome.details && (await store.readJson(outcome.details, HeldOutDetails));
  return {
    run: {
      ...outcome,
      measured,
      steps: config.algorithm.steps,
      ...rewardsOf(config),
      ...paidOf([config.judge, spent], [config.benchmark.judge, benchmarkSpent]),
      seconds: sum('time/stepSeconds'),
    } satisfies MeasuredRun,
    videos: await videosOf(store, outcome.run),
    startCaptions: evaluations.filter(({ step }) => step === 0).map(({ captions }) => captions.sha256),
    answers: isPaid ? { used: paid + sum('judge/cacheHits'), paid } : nothing.answers,
  };
}

/** What language models have cost; rules cost nothing. */
function paidOf(...judges: [judge: JudgeConfig | undefined, spent: JudgeSpending | undefined][]) {
  const paid = judges.flatMap(([judge, spent]) => (judge && isLlm(judge) && spent ? [spent] : []));
  return {
    judgeCalls: paid.reduce((sum, { calls }) => sum + calls, 0),
    judgeUsd: paid.reduce((sum, { usd }) => sum + usd, 0),
  };
}

/** The parts of the reward that the paper compares. */
function rewardsOf({ algorithm, reward: { think, caption } }: ExperimentConfig): Pick<MeasuredRun, 'rewards'> {
  if (algorithmOf(algorithm).learnsFrom !== 'completions') return {};
  return { rewards: { think: think.weight > 0, caption: caption.weight > 0 ? caption.variant : null } };
}

/** The contents of a run's videos; none where its data set is gone. */
async function videosOf(store: ArtifactStore, run: string): Promise<string[]> {
  const ref = await store.find(keyOf('dataset', { runKey: run }));
  if (!ref) return [];
  const { manifest } = await store.readJson(ref, PrepareDatasetOutput);
  const { train, heldOut } = await readManifest(store, manifest);
  return [...train, ...heldOut].map(({ video }) => ('artifact' in video ? video.artifact.sha256 : video.sha256));
}
