import { z } from 'zod';
import { type ClipResult, type Difference, HeldOutDetails, heldOutDifferences } from '../benchmarks/held-out.ts';
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
import type { TrainedFrom } from '../contracts/start.ts';
import { temporalLink } from '../contracts/tracking.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { CaptionedClip } from '../core/completion.ts';
import { readManifest } from '../core/manifest.ts';
import { shuffledAt } from '../core/random.ts';
import type { DatasetManifest, Sample } from '../core/sample.ts';
import { Clips, type SourceShare, sharesOf } from '../core/sample.ts';
import { decodeClip } from '../video/clip.ts';
import { embeddableVideo } from './embeddable-video.ts';
import { type FramesPicture, framesPicture } from './frames-picture.ts';

/** Everything a report shows, read from the store. Rendering it is a pure function. */
export interface ReportContent {
  config: ExperimentConfig;
  links: { temporal?: string | undefined; mlflow?: string | undefined };
  dataset: { name: string; train: number; heldOut: number; sources: SourceShare[] };
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
  shown: ShownVideo[];
}

/** One held-out video with what both policies said of it. */
export interface ShownVideo extends Partial<FramesPicture> {
  sample: Sample;
  /** `data:` address; absent where the file is gone, large, or nothing a browser plays. */
  video?: string | undefined;
  base: Answer;
  /** Absent when there is one evaluation only. */
  trained?: Answer | undefined;
}

export interface Answer {
  step: number;
  text: string;
  /** What the policy was asked; absent in captions of older versions. */
  prompt?: string | undefined;
  result?: ClipResult | undefined;
}

const SHOWN_VIDEOS = 6;

/** Reads what the report of a run shows. */
export async function readReportContent(
  store: ArtifactStore,
  input: z.infer<typeof WriteReportInput>,
  temporalUiUrl?: string,
): Promise<ReportContent> {
  const { runKey, config, evaluations, lastStep, trainedFrom, forkedFrom, best, end, collapse } = input;
  const { identity, execution, mlflowRunUrl } = input;
  const manifest = await readManifest(store, input.manifest);
  const [base, trained] = await Promise.all(baseAndTrained(evaluations, best).map((each) => answersOf(store, each)));
  return {
    config,
    links: { temporal: temporalLink(temporalUiUrl, execution), mlflow: mlflowRunUrl },
    dataset: {
      name: manifest.name,
      train: manifest.train.length,
      heldOut: manifest.heldOut.length,
      sources: sharesOf(manifest),
    },
    quarantined: manifest.quarantined,
    records: await readRecords(store, runKey, 0, lastStep),
    evaluations,
    trainedFrom,
    forkedFrom,
    best,
    end,
    collapse,
    identity,
    differences: trained ? heldOutDifferences(base!.details.clips, trained.details.clips) : {},
    judge: base!.details.judge,
    shown: await shownVideos(store, input, manifest, base!, trained),
  };
}

/** Some held-out videos, picked by the run's seed and not by how well they went. */
async function shownVideos(
  store: ArtifactStore,
  { config, heldOutClips }: z.infer<typeof WriteReportInput>,
  { heldOut }: DatasetManifest,
  base: Answers,
  trained: Answers | undefined,
): Promise<ShownVideo[]> {
  const clips = new Map((await store.readJson(heldOutClips, Clips)).map(({ sampleId, clip }) => [sampleId, clip]));
  const chosen = shuffledAt(heldOut, config.seed, ['report']).slice(0, SHOWN_VIDEOS);
  return Promise.all(
    chosen.map(async (sample) => {
      const clip = clips.get(sample.id);
      return {
        sample,
        video: await embeddableVideo(store, sample.video),
        ...(clip && framesPicture(decodeClip(await store.read(clip)))),
        base: base.of(sample.id),
        trained: trained?.of(sample.id),
      };
    }),
  );
}

interface Answers {
  details: HeldOutDetails;
  of(sampleId: string): Answer;
}

async function answersOf(store: ArtifactStore, { step, captions, details }: Evaluation): Promise<Answers> {
  const texts = await store.readJson(captions, z.array(CaptionedClip));
  const content = await store.readJson(details, HeldOutDetails);
  return {
    details: content,
    of: (id) => ({
      step,
      ...written(texts.find(({ sampleId }) => sampleId === id)),
      result: content.clips.find(({ sampleId }) => sampleId === id),
    }),
  };
}

function written(caption: CaptionedClip | undefined): Pick<Answer, 'text' | 'prompt'> {
  return { text: caption?.text ?? '', prompt: caption?.prompt };
}
