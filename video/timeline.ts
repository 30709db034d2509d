import { isKnown, type Packet, type PacketTable } from './packet-table.ts';

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
  /** The codec (VP8, VP9, Theora) decodes what depends on a lost frame as if nothing were wrong. */
  blind: boolean;
  /** The container found that data were lost. */
  corrupt: boolean;
  /** Where the decoder's times are the timeline: the number of each frame among those that are decoded. */
  numbers?: readonly number[];
}

/** What is known of a file beside its packets. */
export interface FileFacts {
  /** It lost data that no packet has a mark of. */
  lostPackets?: boolean;
  /** Packets, by their place in the table, before which the numbers of the frames leave out one. */
  behindGaps?: ReadonlySet<number>;
  /** When the first pictures begin that its decoder shows, in microseconds: enough of them to have all leading ones. */
  firstDecoded?: readonly number[];
}

/** The timeline of ffmpeg's packets; `undefined` without a frame that is shown. Pure. */
export function timelineOf(
  table: PacketTable,
  { lostPackets = false, behindGaps = new Set(), firstDecoded = [] }: FileFacts = {},
): Timeline | undefined {
  const [num, den] = table.header('tb').split('/').map(Number) as [number, number];
  const microseconds = (ticks: number) => Math.round((ticks * num * 1e6) / den);
  const { timed, stated, isLeading } = timedPackets(table, behindGaps);
  // Leading pictures mostly depend on what was cut away, and are not shown.
  const isDecoded = (begin: number) => firstDecoded.some((time) => Math.abs(time - begin) <= 1);
  const isHidden = (packet: TimedPacket) => packet.hidden || (isLeading(packet) && !isDecoded(microseconds(packet.at)));
  const shown = timed.filter((packet) => !isHidden(packet)).sort((a, b) => a.at - b.at);
  const [first, last] = [shown[0], shown.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const starts = withMissing([...new Map(shown.map((packet) => [packet.at, packet])).values()], lostPackets);
  const span = last.at - first.at;
  // Some containers do not say how long a frame lasts: the last one then lasts as long as the others on average. A time
  // of decoding has no duration that means anything.
  const lastFrame = (stated && last.ticks) || (starts.length > 1 ? span / (starts.length - 1) : 0);
  return {
    begins: starts.map(microseconds),
    durationSeconds: ((span + lastFrame) * num) / den,
    stated,
    blind: /^(vp[89]|theora)$/.test(table.header('codec_id')),
    corrupt: lostPackets || timed.some(({ corrupt }) => corrupt),
    steps: timed.map((packet) => ({ begin: microseconds(packet.at), key: packet.key, hidden: isHidden(packet) })),
  };
}

const packetsIn = (table: PacketTable) => Array.from({ length: table.packets }, (_, i) => table.packet(i));

/** Whether the packets say when they are shown. Pure. */
export function isStated(table: PacketTable): boolean {
  // A few without a time are pictures that cannot be shown, since what they depend on was cut away.
  return packetsIn(table).filter(({ shown }) => isKnown(shown)).length >= 0.9 * table.packets;
}

/** Whether a frame is on screen for much longer than most. Pure. */
export function hasTimeGaps(table: PacketTable): boolean {
  const { timed } = timedPackets(table);
  const { gaps, usual } = gapsBetween(timed.map(({ at }) => at).sort((a, b) => a - b));
  return gaps.some((gap) => gap > LONG * usual);
}

type TimedPacket = Omit<Packet, 'shown' | 'decoded'> & { at: number };

function timedPackets(table: PacketTable, behindGaps: ReadonlySet<number> = new Set()) {
  // A key frame does not need what is missing before it.
  const packets = packetsIn(table).map((packet, i) =>
    behindGaps.has(i) && !packet.key ? { ...packet, corrupt: true } : packet,
  );
  const stated = isStated(table);
  const timed = packets
    .map(({ shown, decoded, ...rest }): TimedPacket => ({ ...rest, at: stated ? shown : decoded }))
    .filter(({ at }) => isKnown(at));
  const firstKey = timed.find(({ key }) => key)?.at ?? Number.NEGATIVE_INFINITY;
  return { timed, stated, isLeading: ({ at }: TimedPacket) => at < firstKey };
}

/**
 * How many pictures are shown before the first key frame and come after it in the file. Whether they can be decoded,
 * the decoder knows; of H.264 they depend on what was cut away, and what is decoded of them is damaged. Pure.
 */
export function leadingPictures(table: PacketTable): number {
  if (table.header('codec_id') === 'h264') return 0;
  const { timed, isLeading } = timedPackets(table);
  return timed.filter((packet) => !packet.hidden && isLeading(packet)).length;
}

/**
 * When frames begin, among them those whose packets are missing: frames as far apart as most are fill a gap beside a
 * damaged packet, and where packets were lost without a mark, any gap between frames that are regular otherwise.
 * Elsewhere a gap is a frame that is shown for long.
 */
function withMissing(shown: readonly { at: number; corrupt: boolean }[], lostPackets: boolean): number[] {
  const { gaps, usual } = gapsBetween(shown.map(({ at }) => at));
  const regular = gaps.filter((gap) => gap <= LONG * usual).length >= REGULAR * gaps.length;
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

function gapsBetween(ascending: readonly number[]) {
  const gaps = ascending.slice(1).map((at, i) => at - ascending[i]!);
  return { gaps, usual: [...gaps].sort((a, b) => a - b)[gaps.length >> 1] ?? 0 };
}

/** A frame is shown for long from so many times as most. */
const LONG = 1.5;
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
