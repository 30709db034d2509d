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
}

/** The timeline of ffmpeg's packets; `undefined` without a frame that is shown. Pure. */
export function timelineOf(table: PacketTable): Timeline | undefined {
  const [num, den] = table.header('tb').split('/').map(Number) as [number, number];
  const packets = Array.from({ length: table.packets }, (_, i) => table.packet(i));
  const stated = packets.every(({ shown }) => isKnown(shown));
  const timed = packets
    .map(({ shown, decoded, ...rest }) => ({ ...rest, at: stated ? shown : decoded }))
    .filter(({ at }) => isKnown(at));
  // Pictures before the first key frame that come after it in the file lean on what was cut away.
  const firstKey = timed.find(({ key }) => key)?.at ?? Number.NEGATIVE_INFINITY;
  const shown = timed.filter(({ hidden, at }) => !hidden && at >= firstKey).sort((a, b) => a.at - b.at);
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const starts = [...new Set(shown.map(({ at }) => at))];
  const span = last.at - first.at;
  // Some containers do not say how long a frame lasts: the last one then lasts as long as the others on average. A time
  // of decoding has no duration that means anything.
  const lastFrame = (stated && last.ticks) || (starts.length > 1 ? span / (starts.length - 1) : 0);
  const microseconds = (ticks: number) => Math.round((ticks * num * 1e6) / den);
  return {
    begins: starts.map(microseconds),
    durationSeconds: ((span + lastFrame) * num) / den,
    stated,
    steps: timed.map(({ at, key, hidden }) => ({ begin: microseconds(at), key, hidden: hidden || at < firstKey })),
  };
}

/** The frame that is on screen at a time, in seconds from the first frame: the last one that has begun by then. */
export function frameAt({ begins }: Timeline, seconds: number): number {
  // One microsecond for the rounding of both.
  return Math.max(0, countUpTo(begins, begins[0]! + seconds * 1e6 + 1) - 1);
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
