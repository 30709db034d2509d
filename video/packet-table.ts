/** A line of the table is some 60 characters; longer ones are cut. */
const MAX_LINE = 4096;
/** Times below this are ffmpeg's word for "not known". */
const UNKNOWN = -(2 ** 62);

/**
 * What matters of ffmpeg's table of packets (`-f framecrc`), taken from it piece by piece: a file with millions of
 * packets takes no more memory than one with two.
 */
export class PacketTable {
  readonly #header = new Map<string, string>();
  #rest = '';
  packets = 0;
  /** In ticks; `undefined` before the first packet with a time. */
  first: number | undefined;
  last: number | undefined;
  /** Of the packet that is shown last; 0 where the container does not say. */
  lastTicks = 0;

  add(piece: string): void {
    const lines = (this.#rest + piece).split('\n');
    this.#rest = lines.pop()!.slice(0, MAX_LINE);
    for (const line of lines) this.#take(line);
  }

  end(): void {
    this.#take(this.#rest);
    this.#rest = '';
  }

  header(name: string): string {
    return this.#header.get(name) ?? '';
  }

  #take(line: string): void {
    const named = /^#(\w+) 0: (.*)$/.exec(line);
    if (named) this.#header.set(named[1]!, named[2]!);
    // stream, dts, pts, duration, size, hash
    const packet = /^\d+, *(-?\d+), *(-?\d+), *(\d+),/.exec(line);
    if (!packet) return;
    this.packets += 1;
    const [decoded, shown, ticks] = packet.slice(1).map(Number) as [number, number, number];
    // AVI does not say when a frame is shown, only in which order it is decoded; nor, truly, for how long.
    const start = shown > UNKNOWN ? shown : decoded;
    if (start <= UNKNOWN) return;
    if (this.first === undefined || start < this.first) this.first = start;
    if (this.last !== undefined && start <= this.last) return;
    this.last = start;
    this.lastTicks = shown > UNKNOWN ? ticks : 0;
  }
}
