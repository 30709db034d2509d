import type { z } from 'zod';
import { type Difference, type HeldOutDetails, heldOutDifferences } from '../benchmarks/held-out.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { BestCheckpoint } from '../contracts/best.ts';
import type { CollapseWarning } from '../contracts/collapse.ts';
import type { ForkedFrom } from '../contracts/forked-from.ts';
import { readRecords } from '../contracts/read-records.ts';
import type { WriteReportInput } from '../contracts/report.ts';
import type { RunEnd } from '../contracts/run-end.ts';
import type { RunIdentity } from '../contracts/run-identity.ts';
import type { Evaluation, StepRecord } from '../contracts/run-results.ts';
import { baseAndTrained } from '../contracts/run-results.ts';
import { type RunStarted, readStarted } from '../contracts/run-started.ts';
import type { TrainedFrom } from '../contracts/start.ts';
import { temporalLink } from '../contracts/tracking.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { readManifest } from '../core/manifest.ts';
import type { DatasetManifest } from '../core/sample.ts';
import { Clips, type SourceShare, sharesOf } from '../core/sample.ts';
import { type HeldOutClip, heldOutClips, readAnswers } from './held-out-clips.ts';
import { type Kept, kept } from './kept.ts';
import { referencesOf, type SampledStep, sampledCompletions } from './sampled-completions.ts';

/** Everything a report shows, read from the store. Rendering it is a pure function. */
export interface ReportContent {
  config: ExperimentConfig;
  links: { temporal?: string | undefined; mlflow?: string | undefined };
  dataset: { name: string; digest: string; train: number; heldOut: number; sources: SourceShare[] };
  quarantined: DatasetManifest['quarantined'];
  records: StepRecord[];
  evaluations: Evaluation[];
  /** The checkpoint of another run that this one started from. */
  trainedFrom?: TrainedFrom | undefined;
  /** Of a fork: the steps up to this one are another run's. */
  forkedFrom?: ForkedFrom | undefined;
  /** The checkpoint that was exported in place of the last, where the config asked for it. */
  best?: BestCheckpoint | undefined;
  /** How the run ended; absent in runs of older versions. */
  end?: RunEnd | undefined;
  /** Signs that the policy has collapsed. */
  collapse: readonly CollapseWarning[];
  /** What the run was computed and judged with; absent where no stage has said it. */
  identity?: RunIdentity | undefined;
  /** Trained against base, paired over videos, in points. Empty when there is one evaluation only. */
  differences: Record<string, Difference>;
  judge: HeldOutDetails['judge'];
  /** In an order by the run's seed. */
  clips: HeldOutClip[];
  /** What the policy sampled in training, of some steps. */
  completions: SampledStep[];
  /** By sample, of those that there are completions of. */
  references: ReadonlyMap<string, string>;
  /** What the run was started with; absent in runs of older versions. */
  started?: RunStarted | undefined;
  runKey: string;
  /** Of a run that has not ended. */
  goesOn?: GoesOn | undefined;
}

/** How far a run is. */
export interface GoesOn {
  step: number;
  totalSteps: number;
}

/** What the workflow gives, or what the store has of a run that goes on. */
export type ReportInput = Omit<z.infer<typeof WriteReportInput>, 'heldOutClips'> & {
  heldOutClips?: ArtifactRef | undefined;
  goesOn?: GoesOn | undefined;
};

/** @param all what was read before, of a run that goes on. */
export async function readReportContent(
  store: ArtifactStore,
  input: ReportInput,
  temporalUiUrl?: string,
  all: Kept = new Map(),
): Promise<ReportContent> {
  const { runKey, config, evaluations, lastStep, trainedFrom, forkedFrom, best, end, collapse } = input;
  const { identity, execution, mlflowRunUrl, heldOutClips: list, goesOn } = input;
  const manifest = await kept(all, 'manifest', () => readManifest(store, input.manifest));
  const [base, trained] = await Promise.all(
    baseAndTrained(evaluations, best).map((each) =>
      kept(all, `answers ${each.details.sha256}`, () => readAnswers(store, each)),
    ),
  );
  const refs = list && (await store.readJson(list, Clips));
  const records = await kept(all, 'records', async (): Promise<StepRecord[]> => []);
  records.push(...(await readRecords(store, runKey, records.length, lastStep)));
  const completions = await sampledCompletions(store, records, all);
  return {
    config,
    links: { temporal: temporalLink(temporalUiUrl, execution), mlflow: mlflowRunUrl },
    dataset: {
      name: manifest.name,
      digest: manifest.digest,
      train: manifest.train.length,
      heldOut: manifest.heldOut.length,
      sources: sharesOf(manifest),
    },
    quarantined: manifest.quarantined,
    records: records.slice(0, lastStep + 1),
    evaluations,
    trainedFrom,
    forkedFrom,
    best,
    end,
    collapse,
    identity,
    differences: trained ? heldOutDifferences(base!.details.clips, trained.details.clips) : {},
    judge: base!.details.judge,
    clips: await heldOutClips(
      store,
      {
        ...{ config, base: base!, trained, heldOut: manifest.heldOut },
        clips: refs && new Map(refs.map(({ sampleId, clip }) => [sampleId, clip])),
      },
      all,
    ),
    completions,
    references: referencesOf(completions, manifest.train),
    started: await readStarted(store, runKey),
    runKey,
    goesOn,
  };
}
