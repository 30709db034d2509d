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
import { captioningOf, type RunCaptioning, type SuiteCaptioning } from './captioning.ts';
import { videoFinder } from './find-videos.ts';
import { madeByPolicy } from './made-by-policy.ts';
import { hasTags } from './predictions.ts';
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
/** A run's history names every part several times: a larger benchmark has larger parts. */
const MOST_PARTS = 256;

type Missing = SuiteItems['missing'];

/**
 * Fixes what a suite is measured on: its items, and either its videos, in parts to caption, or captions that were made
 * elsewhere. A clip without either is listed with its reason.
 * @param run how the run captions its held-out clips; needed with videos.
 * @throws VideocapError `InvalidDataset` when annotations or predictions cannot be read, or no clip is left.
 */
export async function prepareSuite(
  source: SuiteSource,
  run: RunCaptioning | undefined,
  deps: PrepareDeps,
): Promise<PreparedSuite> {
  const suite = suiteNamed(source.suite);
  checkQuirks(suite, source.quirks, source.variants);
  const all = await suite.readAnnotations(source.annotations);
  const items = firstClips(all, source.limit);
  const clips = [...new Map(items.map((item) => [item.clip, item])).values()];
  const found = source.predictions
    ? await findPredictions(suite, { ...source, predictions: source.predictions }, { items, all }, deps)
    : await findVideos(suite, source, items, captioningFor(suite, source, run), deps);
  if (found.missing.length === clips.length)
    throw new VideocapError(
      'InvalidDataset',
      `None of the ${clips.length} clips of ${suite.title} can be scored: ${found.missing[0]?.reason}, for one. ` +
        `Check ${source.predictions ? 'the predictions' : 'the video folder'}.`,
    );
  const { annotations } = source;
  const { missing, made, warnings = [] } = found;
  const file: SuiteItems = {
    ...{ suite: suite.name, annotations, items, outOf: all.length, missing, made },
    ...(warnings.length > 0 && { warnings }),
  };
  const text = `${JSON.stringify(SuiteItems.parse(file))}\n`;
  return {
    items: await deps.store.put(keyOf('suiteItems', { hash: sha256(text) }), text),
    manifests: found.manifests,
    ...(found.predictions && { predictions: found.predictions }),
    ...(found.captioning && { captioning: found.captioning }),
    clips: clips.length - found.missing.length,
    missing: found.missing.length,
  };
}

type Found = Pick<PreparedSuite, 'manifests' | 'predictions' | 'captioning'> &
  Required<Pick<SuiteItems, 'made'>> &
  Pick<SuiteItems, 'missing' | 'warnings'>;

function captioningFor(suite: Suite, { captioning }: SuiteSource, run: RunCaptioning | undefined): SuiteCaptioning {
  if (!run) throw new Error('Captioning videos needs the settings of the run.');
  return captioningOf(suite.captioning, run, captioning);
}

/** The items of the first so many clips. */
function firstClips(items: readonly SuiteItem[], limit = Number.POSITIVE_INFINITY): SuiteItem[] {
  const kept = new Set([...new Set(items.map(({ clip }) => clip))].slice(0, limit));
  return items.filter(({ clip }) => kept.has(clip));
}

async function findPredictions(
  suite: Suite,
  { predictions: path, variants = [] }: SuiteSource & { predictions: string },
  { items, all }: { items: readonly SuiteItem[]; all: readonly SuiteItem[] },
  { store }: PrepareDeps,
): Promise<Found> {
  const { captions, warnings, sha256: hash } = await readPredictions(path, suite, all);
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
  const tagged = variants.includes('answerOnly') ? 0 : predictions.filter(({ text }) => hasTags(text)).length;
  if (tagged > 0)
    warnings.push(
      `${tagged} of the predictions with <think> or <answer> are scored as they are; --variant answerOnly takes the ` +
        'answer.',
    );
  return {
    predictions: await store.put(keyOf('suiteItems', { hash: sha256(text) }), text),
    ...{ manifests: [], missing, warnings },
    made: { by: 'file', file: path, sha256: hash, captions: predictions.length },
  };
}

async function findVideos(
  suite: Suite,
  { videos, annotations }: SuiteSource,
  items: readonly SuiteItem[],
  captioning: SuiteCaptioning,
  { store, onVideo, signal, parallel }: PrepareDeps,
): Promise<Found> {
  if (!videos)
    throw new VideocapError('InvalidConfig', `${suite.title} needs a folder of videos, or a file of predictions.`);
  const find = await videoFinder(videos);
  const clips = [...new Map(items.map((item) => [item.clip, item])).values()];
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
  const opened = new Map(checked.flatMap((clip) => ('video' in clip ? [[clip.id, clip] as const] : [])));
  const samples = samplesOf(suite, items, opened, captioning);
  const manifests = [];
  const size = Math.max(CLIPS_A_PART, Math.ceil(samples.length / MOST_PARTS));
  for (let from = 0; from < samples.length; from += size) {
    const heldOut = samples.slice(from, from + size);
    const digest = sha256(
      JSON.stringify(heldOut.map(({ id, video, prompt }) => [id, 'sha256' in video && video.sha256, prompt])),
    );
    const name = `${suite.name}-${parse(annotations).name}-${from / size + 1}`;
    const manifest = DatasetManifest.parse({ name, digest, train: [], heldOut, quarantined: [] });
    const text = `${JSON.stringify(manifest)}\n`;
    manifests.push(await store.put(keyOf('manifest', { hash: sha256(text) }), text));
  }
  return {
    ...{ manifests, captioning, missing: checked.filter((clip) => 'reason' in clip) },
    made: madeByPolicy(
      captioning,
      samples.map(({ prompt }) => prompt!),
    ),
  };
}

/**
 * What the policy is shown and asked: a clip once, or once for each item where the authors ask about each in other
 * words. Those of one clip stand far apart, so that its frames are there when it comes again.
 */
function samplesOf(
  suite: Suite,
  items: readonly SuiteItem[],
  opened: ReadonlyMap<string, Sample>,
  { prompt }: SuiteCaptioning,
): Sample[] {
  const byClip = new Map<string, SuiteItem[]>();
  for (const item of items) byClip.set(item.clip, [...(byClip.get(item.clip) ?? []), item]);
  const rounds: Sample[][] = [];
  for (const [clip, ofClip] of byClip) {
    const sample = opened.get(clip);
    if (!sample) continue;
    const asked = ofClip.map((item) => ({ id: item.id, prompt: prompt ?? suite.instruction(item) }));
    const isOne = new Set(asked.map((each) => each.prompt)).size === 1;
    for (const [i, each] of (isOne ? [{ ...asked[0]!, id: clip }] : asked).entries()) {
      rounds[i] ??= [];
      rounds[i].push({ ...sample, ...each });
    }
  }
  return rounds.flat();
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
