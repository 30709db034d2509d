import { stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname, resolve } from 'node:path';
import pLimit from 'p-limit';
import { sha256OfFile } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import type { DatasetManifest, Sample } from '../../core/sample.ts';
import { probeVideo } from '../frames/probe.ts';
import { type OwnSample, readJsonl } from './jsonl.ts';

export interface OwnDataOptions {
  train: string;
  heldOut: string;
  maxBadSamples: number;
}

export interface OwnDataDeps {
  onVideo?: (done: number, total: number) => void;
  signal?: AbortSignal | undefined;
  parallel?: number;
}

type Splits = Pick<DatasetManifest, 'train' | 'heldOut' | 'quarantined'>;
type Entry = { split: 'train' | 'heldOut'; file: string; line: number; id: string; sample: OwnSample };
type Checked = Entry & { video: { path: string; sha256: string; bytes: number } };

/**
 * A user's own videos and captions. Every video is opened once here; samples that cannot be used are set aside with
 * their reason, as are held-out samples whose video is also trained on.
 * @throws VideocapError `InvalidDataset` when more than `maxBadSamples` had to be set aside, or a split has none left.
 */
export async function readOwnData(options: OwnDataOptions, deps: OwnDataDeps): Promise<Splits> {
  const quarantine = new Quarantine(options.maxBadSamples);
  const entries = [
    ...(await readSplit('train', options.train, quarantine)),
    ...(await readSplit('heldOut', options.heldOut, quarantine)),
  ];
  const unique = withUniqueIds(entries, quarantine);
  // Before any video is opened: a broken file should not cost an hour of probing first.
  quarantine.check();
  const checked = keepSplitsApart(await checkVideos(unique, quarantine, deps), quarantine);
  quarantine.check();
  const samples = (split: Entry['split']) => checked.filter((entry) => entry.split === split).map(toSample);
  const splits = { train: samples('train'), heldOut: samples('heldOut'), quarantined: quarantine.list() };
  for (const split of ['train', 'heldOut'] as const)
    if (splits[split].length === 0)
      throw new VideocapError(
        'InvalidDataset',
        `Dataset file ${options[split]} has no usable sample; add lines such as {"video": "clip.mp4", "caption": "..."}.`,
      );
  return splits;
}

/** Samples that cannot be used, in the order of the files, up to a limit. */
class Quarantine {
  readonly #limit: number;
  readonly #bad: { place: string; order: [string, number]; id: string; reason: string }[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(file: string, line: number, id: string, reason: string): void {
    this.#bad.push({ place: `${file} line ${line}`, order: [file, line], id, reason });
  }

  list(): DatasetManifest['quarantined'] {
    return this.#sorted().map(({ id, place, reason }) => ({ id, reason: `${place}: ${reason}` }));
  }

  check(): void {
    if (this.#bad.length <= this.#limit) return;
    const shown = this.#sorted().slice(0, 3);
    const more = this.#bad.length - shown.length;
    const reasons = [...shown.map(({ place, reason }) => `${place}: ${reason}`), ...(more ? [`${more} more`] : [])];
    throw new VideocapError(
      'InvalidDataset',
      `${this.#bad.length} samples cannot be used, more than dataset.maxBadSamples (${this.#limit}): ${reasons.join('; ')}. ` +
        'Mend or remove them, or raise dataset.maxBadSamples.',
    );
  }

  #sorted() {
    return this.#bad.sort((a, b) => a.order[0].localeCompare(b.order[0]) || a.order[1] - b.order[1]);
  }
}

async function readSplit(split: Entry['split'], file: string, quarantine: Quarantine): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const read of readJsonl(file)) {
    if ('problem' in read) quarantine.add(file, read.line, `${file}:${read.line}`, read.problem);
    else entries.push({ split, file, line: read.line, id: read.sample.id ?? read.sample.video, sample: read.sample });
  }
  return entries;
}

/** Given ids must differ; a video that is used several times without ids gets its line number added. */
function withUniqueIds(entries: readonly Entry[], quarantine: Quarantine): Entry[] {
  const given = new Map<string, Entry>();
  const kept = entries.filter((entry) => {
    if (entry.sample.id === undefined) return true;
    const first = given.get(entry.id);
    if (first)
      quarantine.add(entry.file, entry.line, entry.id, `id "${entry.id}" is taken by ${first.file} line ${first.line}`);
    else given.set(entry.id, entry);
    return first === undefined;
  });
  const used = new Set(given.keys());
  return kept.map((entry) => {
    if (entry.sample.id !== undefined) return entry;
    const id = used.has(entry.id) ? `${entry.id}#${entry.split}-${entry.line}` : entry.id;
    used.add(id);
    return { ...entry, id };
  });
}

async function checkVideos(
  entries: readonly Entry[],
  quarantine: Quarantine,
  { onVideo, signal, parallel }: OwnDataDeps,
): Promise<Checked[]> {
  const limit = pLimit({ concurrency: parallel ?? availableParallelism(), rejectOnClear: true });
  let done = 0;
  const check = async (entry: Entry): Promise<Checked[]> => {
    signal?.throwIfAborted();
    try {
      return [{ ...entry, video: await checkVideo(entry, signal) }];
    } catch (error) {
      // Only what is wrong with this video: a machine in trouble must not cost samples.
      if (!(error instanceof VideocapError) || error.code !== 'InvalidVideo') throw error;
      quarantine.add(entry.file, entry.line, entry.id, error.message);
      return [];
    } finally {
      done += 1;
      onVideo?.(done, entries.length);
    }
  };
  return (await limit.map(entries, check).finally(() => limit.clearQueue())).flat();
}

async function checkVideo({ file, sample }: Entry, signal: AbortSignal | undefined): Promise<Checked['video']> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(sample.video))
    throw new VideocapError('InvalidVideo', `video "${sample.video}" is an address; download it and name the file`);
  const path = resolve(dirname(resolve(file)), sample.video);
  await probeVideo(path, { signal });
  return { path, sha256: await sha256OfFile(path), bytes: (await stat(path)).size };
}

function keepSplitsApart(entries: readonly Checked[], quarantine: Quarantine): Checked[] {
  const trained = new Map<string, Checked>();
  for (const entry of entries)
    if (entry.split === 'train' && !trained.has(entry.video.sha256)) trained.set(entry.video.sha256, entry);
  return entries.filter((entry) => {
    const twin = entry.split === 'heldOut' ? trained.get(entry.video.sha256) : undefined;
    if (twin)
      quarantine.add(entry.file, entry.line, entry.id, `its video is also trained on (${twin.file} line ${twin.line})`);
    return twin === undefined;
  });
}

function toSample({ id, video, sample: { caption, thought, events } }: Checked): Sample {
  return { id, video, caption, ...(thought && { thought }), ...(events && { events }) };
}
