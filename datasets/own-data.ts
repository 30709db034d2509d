import { realpath } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { VideocapError } from '../core/errors.ts';
import type { DatasetManifest, ReferenceField, Sample } from '../core/sample.ts';
import type { FrameOptions } from '../video/frame-options.ts';
import { fragmentOf } from '../video/segment.ts';
import { checkVideo } from './check-video.ts';
import { type Place, placeText, readJsonl } from './jsonl.ts';
import type { OwnSample } from './own-sample.ts';
import { Quarantine } from './quarantine.ts';
import { type TokenLimits, tooLong } from './token-limits.ts';

/** Texts whose tokens are counted before other work gets its turn. */
const COUNTED_AT_ONCE = 16;

export interface OwnDataOptions {
  /** One file, or several whose samples are mixed. */
  train: readonly string[];
  heldOut: string;
  maxBadSamples: number;
  /** How the run will take frames: what a video is tried with. */
  frames: FrameOptions;
  /** What every training sample must have, and the component of the reward that needs it. */
  needs?: readonly { field: ReferenceField; component: string }[];
  /** Absent: texts may have any length. */
  limits?: TokenLimits | undefined;
}

export interface OwnDataDeps {
  store: ArtifactStore;
  onVideo?: (done: number, total: number) => void;
  signal?: AbortSignal | undefined;
  parallel?: number;
}

/** `trainCounts`: how many of `train` are of each file, in the order of the files. */
type Splits = Pick<DatasetManifest, 'train' | 'heldOut' | 'quarantined'> & { trainCounts: number[] };
/** `label` distinguishes samples with the same line number in several files. */
type Entry = Place & { split: 'train' | 'heldOut'; label: string; file: string; id: string; sample: OwnSample };
type Checked = Entry & { video: { path: string; sha256: string; bytes: number } };

/**
 * A user's own videos and captions. Every video is decoded once here, as the run will do it; samples that cannot be
 * used are set aside with their reason, as are held-out samples whose video is also trained on.
 * @throws VideocapError `InvalidDataset` when more than `maxBadSamples` had to be set aside, or a split has none left.
 */
export async function readOwnData(options: OwnDataOptions, deps: OwnDataDeps): Promise<Splits> {
  await refuseSameFile(options.train);
  const quarantine = new Quarantine(options.maxBadSamples);
  const entries = [
    ...withNeeded(await readFiles('train', options.train, quarantine, deps.signal), options.needs ?? [], quarantine),
    ...(await readFiles('heldOut', [options.heldOut], quarantine, deps.signal)),
  ];
  const short = options.limits ? await withinLimits(entries, options.limits, quarantine) : entries;
  const unique = withUniqueIds(short, quarantine);
  // Before any video is opened: a broken file should not cost an hour of probing first.
  quarantine.check();
  const checked = keepSplitsApart(await checkVideos(unique, options.frames, quarantine, deps), quarantine);
  quarantine.check();
  const samples = (split: Entry['split']) => checked.filter((entry) => entry.split === split).map(toSample);
  for (const [split, file] of [...options.train.map((file) => ['train', file]), ['heldOut', options.heldOut]])
    if (!checked.some((entry) => entry.split === split && entry.file === file))
      throw new VideocapError(
        'InvalidDataset',
        `Dataset file ${file} has no usable sample; add lines such as {"video": "clip.mp4", "caption": "..."}.`,
      );
  return {
    train: samples('train'),
    heldOut: samples('heldOut'),
    quarantined: quarantine.list(),
    trainCounts: options.train.map((file) => checked.filter((e) => e.split === 'train' && e.file === file).length),
  };
}

/** A file under two names, such as a link to it, would count twice as much as its weight says. */
async function refuseSameFile(files: readonly string[]): Promise<void> {
  const names = new Map<string, string>();
  for (const file of files) {
    const real = await realpath(file).catch(() => file);
    const other = names.get(real);
    if (other !== undefined)
      throw new VideocapError(
        'InvalidDataset',
        `dataset.train names one file twice, as ${other} and as ${file}; name it once, with a larger weight.`,
      );
    names.set(real, file);
  }
}

async function readFiles(
  split: Entry['split'],
  files: readonly string[],
  quarantine: Quarantine,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  const entries: Entry[][] = [];
  for (const [i, file] of files.entries())
    entries.push(await readFile({ split, label: i === 0 ? split : `${split}-${i + 1}`, file }, quarantine, signal));
  return entries.flat();
}

async function readFile(
  { file, ...place }: Pick<Entry, 'split' | 'label' | 'file'>,
  quarantine: Quarantine,
  signal: AbortSignal | undefined,
): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const read of readJsonl(file, signal)) {
    if ('problem' in read) quarantine.add(file, read, `${file}:${read.line}`, read.problem);
    else entries.push({ ...place, file, ...read, id: read.sample.id ?? nameOf(read.sample) });
  }
  return entries;
}

/** Samples of one video are told apart by their segments: `film.mp4#t=10,20`. */
function nameOf({ video, start, end }: OwnSample): string {
  return `${video}${fragmentOf({ start, end })}`;
}

/** Checks this before decoding videos, so that a missing field fails at once. */
function withNeeded(
  entries: readonly Entry[],
  needs: NonNullable<OwnDataOptions['needs']>,
  quarantine: Quarantine,
): Entry[] {
  return entries.filter((entry) => {
    const missing = needs.find(({ field }) => entry.sample[field] === undefined);
    if (missing)
      quarantine.add(
        entry.file,
        entry,
        entry.id,
        `"${missing.field}" is missing, which reward.${missing.component} needs; add it, let videocap annotate ` +
          `make it (--make ${missing.field}), or leave reward.${missing.component} out`,
      );
    return missing === undefined;
  });
}

/** Counting takes a while, and the worker must send heartbeats meanwhile. */
async function withinLimits(entries: readonly Entry[], limits: TokenLimits, quarantine: Quarantine): Promise<Entry[]> {
  const kept: Entry[] = [];
  for (const [i, entry] of entries.entries()) {
    if (i % COUNTED_AT_ONCE === 0) await setImmediate();
    const fault = faultOfTexts(entry, limits);
    if (fault === undefined) kept.push(entry);
    else quarantine.add(entry.file, entry, entry.id, fault);
  }
  return kept;
}

function faultOfTexts({ sample, split }: Entry, limits: TokenLimits): string | undefined {
  try {
    return tooLong(sample, split, limits);
  } catch (error) {
    // A prompt that the model cannot be asked.
    if (error instanceof VideocapError && error.code === 'InvalidInput') return error.message;
    throw error;
  }
}

/** Given ids must differ; a name that is used several times without ids gets its line number added. */
function withUniqueIds(entries: readonly Entry[], quarantine: Quarantine): Entry[] {
  const given = new Map<string, Entry>();
  const kept = entries.filter((entry) => {
    if (entry.sample.id === undefined) return true;
    const first = given.get(entry.id);
    if (first)
      quarantine.add(entry.file, entry, entry.id, `id "${entry.id}" is taken by ${first.file} ${placeText(first)}`);
    else given.set(entry.id, entry);
    return first === undefined;
  });
  const used = new Set(given.keys());
  return kept.map((entry) => {
    if (entry.sample.id !== undefined) return entry;
    const id = used.has(entry.id) ? `${entry.id}#${entry.label}-${entry.line}` : entry.id;
    used.add(id);
    return { ...entry, id };
  });
}

async function checkVideos(
  entries: readonly Entry[],
  frames: FrameOptions,
  quarantine: Quarantine,
  { store, onVideo, signal, parallel }: OwnDataDeps,
): Promise<Checked[]> {
  const limit = pLimit({ concurrency: parallel ?? availableParallelism(), rejectOnClear: true });
  let done = 0;
  const check = async (entry: Entry): Promise<Checked[]> => {
    signal?.throwIfAborted();
    try {
      return [{ ...entry, video: await checkVideo(entry.sample, entry.file, frames, { store, signal }) }];
    } catch (error) {
      // Only what is wrong with this video: a fault of the machine must not set samples aside.
      if (!(error instanceof VideocapError) || error.code !== 'InvalidVideo') throw error;
      quarantine.add(entry.file, entry, entry.id, error.message);
      return [];
    } finally {
      done += 1;
      onVideo?.(done, entries.length);
    }
  };
  return (await limit.map(entries, check).finally(() => limit.clearQueue())).flat();
}

/** Segments of one video that do not overlap are different clips. */
function keepSplitsApart(entries: readonly Checked[], quarantine: Quarantine): Checked[] {
  const trained = new Map<string, Checked[]>();
  for (const entry of entries) {
    const { sha256 } = entry.video;
    if (entry.split !== 'train') continue;
    if (!trained.get(sha256)?.push(entry)) trained.set(sha256, [entry]);
  }
  return entries.filter((entry) => {
    const same = entry.split === 'heldOut' ? (trained.get(entry.video.sha256) ?? []) : [];
    const twin = same.find((other) => overlap(entry.sample, other.sample));
    if (twin)
      quarantine.add(entry.file, entry, entry.id, `its video is also trained on (${twin.file} ${placeText(twin)})`);
    return twin === undefined;
  });
}

function overlap(a: OwnSample, b: OwnSample): boolean {
  const begins = (one: OwnSample, other: OwnSample) => (one.start ?? 0) < (other.end ?? Number.POSITIVE_INFINITY);
  return begins(a, b) && begins(b, a);
}

function toSample({ id, video, sample: { id: _, video: __, caption, ...references } }: Checked): Sample {
  return { id, video, caption, ...references };
}
