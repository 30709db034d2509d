import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { parse } from 'node:path';
import pLimit from 'p-limit';
import { type ArtifactStore, sha256, sha256OfFile } from '../../core/artifact-store.ts';
import { type CaptionedClip, parseCompletion } from '../../core/completion.ts';
import { VideocapError } from '../../core/errors.ts';
import { DatasetManifest, type Sample } from '../../core/sample.ts';
import { keyOf } from '../../core/store-layout.ts';
import { probeVideo } from '../../video/probe.ts';
import type { SuiteSource } from '../benchmark-config.ts';
import { videoFinder } from './find-videos.ts';
import { readPredictions } from './read-predictions.ts';
import type { Suite, SuiteItem } from './suite.ts';
import type { PreparedSuite } from './suite-files.ts';
import { SuiteItems } from './suite-files.ts';
import { checkQuirks, suiteNamed } from './suites.ts';

export interface PrepareDeps {
  store: ArtifactStore;
  onVideo?: (done: number, total: number) => void;
  signal?: AbortSignal | undefined;
  /** Videos opened at a time; default the number of cores. */
  parallel?: number;
}

/** Clips that are captioned by one activity: what a crash makes do again. */
const CLIPS_A_PART = 64;

type Missing = SuiteItems['missing'];

/**
 * Fixes what a suite is measured on: its items, and either its videos, in parts to caption, or captions that were made
 * elsewhere. A clip without either is listed with its reason.
 * @throws VideocapError `InvalidDataset` when annotations or predictions cannot be read, or no clip is left.
 */
export async function prepareSuite(source: SuiteSource, deps: PrepareDeps): Promise<PreparedSuite> {
  const suite = suiteNamed(source.suite);
  checkQuirks(suite, source.quirks);
  const all = await suite.readAnnotations(source.annotations);
  const items = firstClips(all, source.limit);
  const clips = [...new Map(items.map((item) => [item.clip, item])).values()];
  const found = source.predictions
    ? await findPredictions(suite, source.predictions, items, deps)
    : await findVideos(suite, source, clips, deps);
  if (found.missing.length === clips.length)
    throw new VideocapError(
      'InvalidDataset',
      `None of the ${clips.length} clips of ${suite.title} can be scored: ${found.missing[0]?.reason}, for one. ` +
        `Check ${source.predictions ? 'the predictions' : 'the video folder'}.`,
    );
  const { annotations } = source;
  const file: SuiteItems = { suite: suite.name, annotations, items, outOf: all.length, missing: found.missing };
  const text = `${JSON.stringify(SuiteItems.parse(file))}\n`;
  return {
    items: await deps.store.put(keyOf('suiteItems', { hash: sha256(text) }), text),
    manifests: found.manifests,
    ...(found.predictions && { predictions: found.predictions }),
    clips: clips.length - found.missing.length,
    missing: found.missing.length,
  };
}

type Found = Pick<PreparedSuite, 'manifests' | 'predictions'> & { missing: Missing };

/** The items of the first so many clips. */
function firstClips(items: readonly SuiteItem[], limit = Number.POSITIVE_INFINITY): SuiteItem[] {
  const kept = new Set([...new Set(items.map(({ clip }) => clip))].slice(0, limit));
  return items.filter(({ clip }) => kept.has(clip));
}

async function findPredictions(
  suite: Suite,
  path: string,
  items: readonly SuiteItem[],
  { store }: PrepareDeps,
): Promise<Found> {
  const captions = await readPredictions(path, suite);
  const known = new Set(items.flatMap(({ id, clip }) => [id, clip]));
  const predictions: CaptionedClip[] = [...captions]
    .filter(([id]) => known.has(id))
    .map(([sampleId, text]) => ({ sampleId, text, tokens: 0, parsed: parseCompletion(text) }));
  const captioned = new Set(
    items.filter(({ id, clip }) => captions.has(id) || captions.has(clip)).map(({ clip }) => clip),
  );
  const missing = [...new Set(items.map(({ clip }) => clip))]
    .filter((clip) => !captioned.has(clip))
    .map((clip) => ({ clip, reason: `there is no caption for it in ${path}` }));
  const text = `${JSON.stringify(predictions)}\n`;
  return { predictions: await store.put(keyOf('suiteItems', { hash: sha256(text) }), text), manifests: [], missing };
}

async function findVideos(
  suite: Suite,
  { videos, annotations }: SuiteSource,
  clips: readonly SuiteItem[],
  { store, onVideo, signal, parallel }: PrepareDeps,
): Promise<Found> {
  if (!videos)
    throw new VideocapError('InvalidConfig', `${suite.title} needs a folder of videos, or a file of predictions.`);
  const find = await videoFinder(videos);
  const limit = pLimit({ concurrency: parallel ?? availableParallelism(), rejectOnClear: true });
  let done = 0;
  const checked = await limit
    .map(clips, async ({ clip, video }) => {
      signal?.throwIfAborted();
      const file = find(video);
      const result = 'missing' in file ? { clip, reason: file.missing } : await openVideo(clip, file.path, signal);
      onVideo?.(++done, clips.length);
      return result;
    })
    .finally(() => limit.clearQueue());
  const samples = checked.filter((clip): clip is Sample => 'video' in clip);
  const manifests = [];
  for (let from = 0; from < samples.length; from += CLIPS_A_PART) {
    const heldOut = samples.slice(from, from + CLIPS_A_PART);
    const digest = sha256(JSON.stringify(heldOut.map(({ id, video }) => [id, 'sha256' in video && video.sha256])));
    const name = `${suite.name}-${parse(annotations).name}-${from / CLIPS_A_PART + 1}`;
    const manifest = DatasetManifest.parse({ name, digest, train: [], heldOut, quarantined: [] });
    const text = `${JSON.stringify(manifest)}\n`;
    manifests.push(await store.put(keyOf('manifest', { hash: sha256(text) }), text));
  }
  return { manifests, missing: checked.filter((clip) => 'reason' in clip) };
}

async function openVideo(
  clip: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<Sample | Missing[number]> {
  try {
    await probeVideo(path, { signal });
    const { size } = await stat(path);
    const video = { path, sha256: await sha256OfFile(path), bytes: size };
    // The policy is never shown a reference; what a caption is compared with is in the suite's items.
    return { id: clip, video, caption: clip };
  } catch (error) {
    if (error instanceof VideocapError && error.code === 'InvalidVideo') return { clip, reason: error.message };
    throw error;
  }
}
