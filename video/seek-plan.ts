import { open } from 'node:fs/promises';
import { frameAt, type Timeline } from './timeline.ts';

/** A stretch of the video that is decoded, from a key frame on. */
export interface Part {
  /** What is decoded of it and looked at; without the rest. */
  timeline: Timeline;
  /** For ffmpeg's `-ss`, in seconds; `undefined`: from the file's beginning. */
  seekSeconds: number | undefined;
  /** Frames that begin later, in microseconds, are not needed. */
  until: number;
}

/**
 * Codecs whose key frames start anew: what follows one, and is shown after it, decodes to the same pixels wherever
 * decoding began. (MPEG-4 part 2 keeps its clock, for one.)
 */
const STARTS_ANEW: ReadonlySet<string> = new Set(['h264', 'hevc', 'vp8', 'vp9', 'av1', 'mpeg2video']);
/** Each stretch opens the file again. */
const MAX_PARTS = 32;
/** What all decoders together may take, if each keeps as many pictures as any codec does. */
const MAX_DECODER_BYTES = 2 ** 30;
const DECODER_BYTES_A_PIXEL = 1.5 * 24;
/** Opening a file again costs about as much as decoding so many frames. */
const WORTH_SEEKING = 1000;
/** How far after a key frame to seek: ffmpeg goes 3/23 s back where a container has no times of showing. */
const BEHIND_KEY = 3 / 23 + 0.001;
/** Two stretches with fewer frames than this between them are decoded as one. */
const GAP = 100;

export interface Seekable {
  timeline: Timeline;
  codec: string;
  width: number;
  height: number;
}

/**
 * The stretches that hold the frames on screen at `seconds`, where decoding only these is exact and worth it: at least
 * half of the video, and a thousand frames, are spared. `undefined`: decode it all. Pure.
 */
export function planSeeks(info: Seekable, seconds: readonly number[]): Part[] | undefined {
  const { timeline, codec, width, height } = info;
  if (!timeline.stated || timeline.numbers || !STARTS_ANEW.has(codec)) return undefined;
  const parts = stretches(timeline, seconds);
  if (parts === undefined) return undefined;
  const all = timeline.begins.length;
  const decoded = parts.reduce((sum, { timeline: { begins } }) => sum + begins.length, 0);
  const memory = parts.length * width * height * DECODER_BYTES_A_PIXEL;
  const fits = parts.length <= MAX_PARTS && memory <= MAX_DECODER_BYTES;
  return fits && all - decoded >= WORTH_SEEKING && decoded <= all / 2 ? parts : undefined;
}

/** `undefined` when the order of the packets leaves a doubt about what depends on what. */
function stretches(timeline: Timeline, seconds: readonly number[]): Part[] | undefined {
  const { begins, steps } = timeline;
  const keys = steps.flatMap(({ key, begin }, step) => (key ? [{ begin, step }] : []));
  if (keys.some(({ begin }, i) => i > 0 && begin <= keys[i - 1]!.begin)) return undefined;
  const wanted = [...new Set(seconds.map((time) => frameAt(timeline, time)))].sort((a, b) => a - b);
  const ranges: { key: number; first: number; last: number }[] = [];
  for (const frame of wanted) {
    const key = keys.findLastIndex(({ begin }) => begin <= begins[frame]!);
    if (key < 0) return undefined;
    // What leads the first key frame is shown before it.
    const from = key === 0 ? Number.NEGATIVE_INFINITY : keys[key]!.begin;
    const first = Math.max(
      0,
      begins.findIndex((begin) => begin >= from),
    );
    const before = ranges.at(-1);
    if (before && (before.key === key || first <= before.last + GAP)) before.last = frame;
    else ranges.push({ key, first, last: frame });
  }
  const parts = ranges.map(({ key, first, last }): Part | undefined => {
    const { begin, step } = keys[key]!;
    // One more than the last, in case that one was lost.
    const end = Math.min(last + 1, begins.length - 1);
    const until = end + 1 < begins.length ? begins[end + 1]! : Number.POSITIVE_INFINITY;
    const next = keys[key + 1]?.begin ?? Number.POSITIVE_INFINITY;
    if (key > 0 && (begins[first] !== begin || next <= begin + 2 * BEHIND_KEY * 1e6)) return undefined;
    const from = Math.min(begin, begins[first]!);
    const within = steps.slice(step).filter((one) => one.begin >= from && one.begin <= begins[end]!);
    return {
      timeline: { ...timeline, begins: begins.slice(first, end + 1), steps: within },
      seekSeconds: key === 0 ? undefined : begin / 1e6 + BEHIND_KEY,
      until,
    };
  });
  return parts.every((part) => part !== undefined) ? parts : undefined;
}

/** ffmpeg's options to decode a stretch. Times stay as they are in a file that is read from its beginning. */
export function seekOptions({ seekSeconds, until }: Part): string[] {
  if (seekSeconds === undefined && !Number.isFinite(until)) return [];
  const seek = seekSeconds === undefined ? [] : ['-noaccurate_seek', '-ss', seekSeconds.toFixed(6)];
  return ['-copyts', '-start_at_zero', ...seek];
}

/** The filter that ends a stretch. */
export function untilFilter(until: number): string[] {
  return Number.isFinite(until) ? [`trim=end_pts=${until}`] : [];
}

/** Whether a file is of a kind that has an index of its key frames (QuickTime and MP4, Matroska and WebM). */
export async function hasIndex(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, 0);
    return (
      buffer.readUInt32BE(0) === 0x1a45dfa3 || /^(ftyp|moov|mdat|free|skip|wide)$/.test(buffer.toString('latin1', 4))
    );
  } finally {
    await file.close();
  }
}
