import { z } from 'zod';
import { CLIP_METRICS } from '../benchmarks/clip-metrics.ts';
import { type ClipResult, HeldOutDetails } from '../benchmarks/held-out.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { CaptionedClip } from '../core/completion.ts';
import { unlessDamaged } from '../core/errors.ts';
import { shuffledAt } from '../core/random.ts';
import type { Sample } from '../core/sample.ts';
import { keyOf } from '../core/store-layout.ts';
import { decodeClip } from '../video/clip.ts';
import { clipIdentity } from '../video/extract-frames.ts';
import { embeddableVideo } from './embeddable-video.ts';
import { type FramesPicture, framesPicture } from './frames-picture.ts';
import { type Kept, kept } from './kept.ts';

/** One held-out video with what both policies wrote about it. */
export interface HeldOutClip extends Partial<FramesPicture> {
  sample: Sample;
  /** `data:` address; absent where the file is gone, large, nothing a browser plays, or one too many for the page. */
  video?: string | undefined;
  base: Answer;
  /** Absent when there is one evaluation only. */
  trained?: Answer | undefined;
  /** Which metric of the benchmark `score` is: the first that the clip has. */
  metric?: string | undefined;
  /** In points, of the policy that is reported last; absent where it was not scored. */
  score?: number | undefined;
  /** Of the score, from base to trained; absent where one of them is. */
  change?: number | undefined;
}

export interface Answer {
  step: number;
  text: string;
  /** What the policy was asked; absent in captions of older versions. */
  prompt?: string | undefined;
  result?: ClipResult | undefined;
}

/** A policy's captions of the held-out clips, with what the benchmark found. */
export interface Answers {
  details: HeldOutDetails;
  of(sampleId: string): Answer;
}

/** The page has so many clips; more would keep a browser busy. */
const MOST_CLIPS = 1000;
/**
 * Of videos beside the first clips', and of pictures of frames, as text in the page: a report is read by mail, too, and
 * the page of a run that goes on is made anew after every step.
 */
const VIDEO_CHARACTERS = 4_000_000;
const PICTURE_CHARACTERS = 2_000_000;

/** Reads what a policy wrote about the held-out clips. */
export async function readAnswers(store: ArtifactStore, { step, captions, details }: Evaluation): Promise<Answers> {
  const texts = await store.readJson(captions, z.array(CaptionedClip));
  const content = await store.readJson(details, HeldOutDetails);
  const [written, results] = [byId(texts), byId(content.clips)];
  return {
    details: content,
    of: (id) => ({
      step,
      text: written.get(id)?.text ?? '',
      prompt: written.get(id)?.prompt,
      result: results.get(id),
    }),
  };
}

/**
 * The held-out clips in an order by the run's seed, which does not depend on how well they went. Videos and pictures of
 * frames are in the page as far as it has room: the first clips', then those of the clips that changed most.
 */
export async function heldOutClips(
  store: ArtifactStore,
  { config, heldOut, clips, base, trained }: Shown,
  all: Kept = new Map(),
): Promise<HeldOutClip[]> {
  const shown: HeldOutClip[] = shuffledAt(heldOut, config.seed, ['report'])
    .slice(0, MOST_CLIPS)
    .map((sample) => ({ sample, ...answered(sample.id, config, base, trained) }));
  const changed = shown.slice(FIRST).sort((a, b) => Math.abs(b.change ?? 0) - Math.abs(a.change ?? 0));
  const first = shown.slice(0, FIRST);
  for (const clip of first) clip.video = await videoOf(clip);
  await whileRoom(changed, VIDEO_CHARACTERS, async (clip) => {
    clip.video = await videoOf(clip);
    return clip.video;
  });
  await whileRoom([...first, ...changed], PICTURE_CHARACTERS, async (clip) => {
    Object.assign(clip, await picture(clip));
    return clip.frames;
  });
  return shown;

  function videoOf({ sample }: HeldOutClip) {
    return kept(all, `video ${sample.id}`, () => embeddableVideo(store, sample.video));
  }

  function picture({ sample }: HeldOutClip) {
    return kept(all, `frames ${sample.id}`, () => pictureOf(store, sample, config, clips?.get(sample.id)));
  }
}

/** Adds a text of each clip to the page, one clip after the other, until they have so many characters. */
async function whileRoom(
  clips: readonly HeldOutClip[],
  characters: number,
  add: (clip: HeldOutClip) => Promise<string | undefined>,
): Promise<void> {
  let room = characters;
  for (const clip of clips) {
    if (room <= 0) return;
    room -= (await add(clip))?.length ?? 0;
  }
}

/** The clips that the page shows at first, and that play. */
export const FIRST = 6;

interface Shown {
  config: ExperimentConfig;
  heldOut: readonly Sample[];
  /** Their frames by sample; absent: those that the store has under the clips' own keys. */
  clips?: ReadonlyMap<string, ArtifactRef> | undefined;
  base: Answers;
  trained: Answers | undefined;
}

function answered(id: string, { benchmark }: ExperimentConfig, base: Answers, trained: Answers | undefined) {
  const answers = { base: base.of(id), trained: trained?.of(id) };
  const metrics = [...(benchmark.metrics.includes('events') ? ['eventF1'] : []), ...benchmark.metrics, 'think'];
  const last = answers.trained ?? answers.base;
  const metric = metrics.find((name) => scoreOf(last.result, name) !== undefined);
  if (metric === undefined) return answers;
  const [before, after] = [answers.base, answers.trained].map((each) => scoreOf(each?.result, metric));
  return {
    ...{ ...answers, metric, score: after ?? before },
    change: before === undefined || after === undefined ? undefined : after - before,
  };
}

/** Of one clip, in points; absent where it has no such score. */
function scoreOf(result: ClipResult | undefined, name: string): number | undefined {
  const metric = CLIP_METRICS[name];
  const parts = result && metric?.parts(result);
  return parts && metric?.value(parts);
}

/** The frames that the policy saw, where the store still has them. */
async function pictureOf(
  store: ArtifactStore,
  { video, start, end, fps, times }: Sample,
  { frames }: ExperimentConfig,
  known: ArtifactRef | undefined,
): Promise<FramesPicture | undefined> {
  const content = 'artifact' in video ? video.artifact.sha256 : video.sha256;
  const hash = clipIdentity(content, frames, { start, end, fps, times });
  const ref = known ?? (await unlessDamaged(store.find(keyOf('clip', { hash }))));
  return ref && unlessDamaged(store.read(ref).then((bytes) => framesPicture(decodeClip(bytes))));
}

function byId<T extends { sampleId: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.sampleId, one]));
}
