import { algorithmOf } from '../algorithms/registry.ts';
import { HeldOutDetails } from '../benchmarks/held-out.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { PrepareDatasetOutput } from '../contracts/dataset.ts';
import { lastStep, readProgress } from '../contracts/read-progress.ts';
import { readRecords } from '../contracts/read-records.ts';
import type { SweepOutcome, SweepTable } from '../contracts/sweep-results.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { readManifest } from '../core/manifest.ts';
import { keyOf } from '../core/store-layout.ts';
import { isLlm, type JudgeConfig } from '../judge/judge-config.ts';
import type { JudgeSpending } from '../judge/usage.ts';
import { type MeasuredRun, sweepTable } from './sweep-table.ts';

/** A run as the table takes it, with what it may have in common with others. */
export interface ReadRun {
  run: MeasuredRun;
  /** Hashes of its data set's videos, and of the captions of its start policy. */
  videos: string[];
  startCaptions: string[];
  /** Of a language model, in training. */
  answers: { used: number; paid: number };
}

type Named = Pick<SweepTable, 'name' | 'metric' | 'reference'>;

/** Compares runs whose results lie in a store. The same outcomes give the same table. */
export async function compareRuns(
  store: ArtifactStore,
  { outcomes, ...named }: Named & { outcomes: readonly SweepOutcome[] },
): Promise<{ table: SweepTable; runs: MeasuredRun[] }> {
  const read: ReadRun[] = [];
  for (const outcome of outcomes) read.push(await readRun(store, outcome));
  return tableOf(named, read);
}

/** The table with the runs that it is made of. */
export async function tableOf(
  { name, metric, reference }: Named,
  read: readonly ReadRun[],
): Promise<{ table: SweepTable; runs: MeasuredRun[] }> {
  const runs = read.map(({ run }) => run);
  const counted = (all: readonly string[]) => ({ used: all.length, made: new Set(all).size });
  const sum = (of: (each: ReadRun) => number) => read.reduce((total, each) => total + of(each), 0);
  const table = await sweepTable({
    ...{ name, metric, reference, runs },
    shared: {
      videos: counted(read.flatMap(({ videos }) => videos)),
      answers: { used: sum(({ answers }) => answers.used), paid: sum(({ answers }) => answers.paid) },
      startCaptions: counted(read.flatMap(({ startCaptions }) => startCaptions)),
    },
  });
  return { table, runs };
}

/** What the table takes from one run. Nothing was made of a run that did not come as far as its first benchmark. */
export async function readRun(store: ArtifactStore, outcome: SweepOutcome): Promise<ReadRun> {
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
