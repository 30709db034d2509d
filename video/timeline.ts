import { isKnown, type PacketTable } from './packet-table.ts';

/** A packet of the table, in the order of decoding. */
export interface Step {
  /** When its picture begins, in microseconds. */
  begin: number;
  key: boolean;
  /** Decoded for the sake of others, never shown. */
  hidden: boolean;
}

/** What a player shows of a video, and when: after edit lists, without pictures that nothing can be decoded from. */
export interface Timeline {
  /** When each frame begins, ascending, each moment once, in microseconds of ffmpeg's clock. */
  begins: readonly number[];
  /** From the first frame's beginning to the last one's end. */
  durationSeconds: number;
  /**
   * The container says when each frame is shown. If not (AVI, bare H.264), `begins` has the times of decoding: as far
   * from the first as those of showing, but not the same.
   */
  stated: boolean;
  steps: readonly Step[];
  /** The codec (VP8, VP9) decodes what leans on a lost frame as if nothing were wrong. */
  blind: boolean;
}

/**
 * The timeline of ffmpeg's packets; `undefined` without a frame that is shown. `lostPackets`: the file lost data that no
 * packet has a mark of. Pure.
 */
export function timelineOf(table: PacketTable, lostPackets = false): Timeline | undefined {
  const [num, den] = table.header('tb').split('/').map(Number) as [number, number];
  const packets = Array.from({ length: table.packets }, (_, i) => table.packet(i));
  // A few without a time are pictures that cannot be shown, since what they lean on was cut away.
  const stated = packets.filter(({ shown }) => isKnown(shown)).length >= 0.9 * packets.length;
  const timed = packets
    .map(({ shown, decoded, ...rest }) => ({ ...rest, at: stated ? shown : decoded }))
    .filter(({ at }) => isKnown(at));
  // Pictures before the first key frame that come after it in the file lean on what was cut away.
  const firstKey = timed.find(({ key }) => key)?.at ?? Number.NEGATIVE_INFINITY;
  const shown = timed.filter(({ hidden, at }) => !hidden && at >= firstKey).sort((a, b) => a.at - b.at);
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const starts = withMissing([...new Map(shown.map((packet) => [packet.at, packet])).values()], lostPackets);
  const span = last.at - first.at;
  // Some containers do not say how long a frame lasts: the last one then lasts as long as the others on average. A time
  // of decoding has no duration that means anything.
  const lastFrame = (stated && last.ticks) || (starts.length > 1 ? span / (starts.length - 1) : 0);
  const microseconds = (ticks: number) => Math.round((ticks * num * 1e6) / den);
  return {
    begins: starts.map(microseconds),
    durationSeconds: ((span + lastFrame) * num) / den,
    stated,
    blind: /^vp[89]$/.test(table.header('codec_id')),
    steps: timed.map(({ at, key, hidden }) => ({ begin: microseconds(at), key, hidden: hidden || at < firstKey })),
  };
}

/**
 * When frames begin, among them those whose packets are missing: frames as far apart as most are fill a gap beside a
 * damaged packet, and where packets were lost without a mark, any gap between frames that are regular otherwise.
 * Elsewhere a gap is a frame that is shown for long.
 */
function withMissing(shown: readonly { at: number; corrupt: boolean }[], lostPackets: boolean): number[] {
  const gaps = shown.slice(1).map(({ at }, i) => at - shown[i]!.at);
  const usual = [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0;
  const regular = gaps.filter((gap) => gap <= 1.5 * usual).length >= REGULAR * gaps.length;
  let left = MOST_MISSING;
  return shown.flatMap(({ at }, i) => {
    const gap = gaps[i] ?? 0;
    const damaged =
      (lostPackets && regular) ||
      shown.slice(Math.max(0, i - REORDERED), i + 2 + REORDERED).some(({ corrupt }) => corrupt);
    const missing = damaged && gap > 0 ? Math.min(Math.round(gap / usual) - 1, left) : 0;
    if (missing <= 0) return [at];
    left -= missing;
    return [at, ...Array.from({ length: missing }, (_, n) => at + ((n + 1) * gap) / (missing + 1))];
  });
}

/** The share of frames that are as long as most, in a video of a fixed rate. */
const REGULAR = 0.9;
/** Frames that may be decoded between two that are shown one after the other. */
const REORDERED = 3;
/** Enough to refuse a file by: a hostile one could ask for any number. */
const MOST_MISSING = 100_000;

/** Of a time in floating point, in microseconds. */
const TOLERANCE = 1e-4;

/** The frame that is on screen at a time, in seconds from the first frame: the last one that has begun by then. */
export function frameAt({ begins }: Timeline, seconds: number): number {
  return Math.max(0, countUpTo(begins, begins[0]! + seconds * 1e6 + TOLERANCE) - 1);
}

/** How many of ascending numbers are at most `limit`. */
export function countUpTo(ascending: readonly number[], limit: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The frame whose beginning is nearest to a time. */
export function nearest(begins: readonly number[], time: number): number {
  const after = Math.min(countUpTo(begins, time), begins.length - 1);
  const before = Math.max(0, after - 1);
  return time - begins[before]! < begins[after]! - time ? before : after;
}
