/** A line of the table is some 60 characters; longer ones are cut. */
const MAX_LINE = 4096;
/** ffmpeg writes a time below this where the time is not known. */
const UNKNOWN = -(2 ** 62);
const [KEY, CORRUPT, HIDDEN] = [1, 2, 4];

export interface Packet {
  /** In ticks; see `isKnown`. */
  decoded: number;
  shown: number;
  /** How long it is shown, in ticks; 0 where the container does not say. */
  ticks: number;
  key: boolean;
  /** The container found that data were lost, of this packet or just before it. */
  corrupt: boolean;
  /** An edit list leaves its picture out: it is decoded for the sake of later ones. */
  hidden: boolean;
}

/** Whether a container gives this time. */
export function isKnown(ticks: number): boolean {
  return ticks > UNKNOWN;
}

/** ffmpeg's table of packets (`-f framecrc`), taken piece by piece: four numbers a packet, in the order of decoding. */
export class PacketTable {
  readonly #header = new Map<string, string>();
  readonly #numbers = new GrowingNumbers();
  #rest = '';

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

  get packets(): number {
    return this.#numbers.length / 4;
  }

  packet(index: number): Packet {
    const [decoded, shown, ticks, flags] = [0, 1, 2, 3].map((i) => this.#numbers.at(4 * index + i)) as [
      number,
      number,
      number,
      number,
    ];
    return {
      decoded,
      shown,
      ticks,
      key: (flags & KEY) !== 0,
      corrupt: (flags & CORRUPT) !== 0,
      hidden: (flags & HIDDEN) !== 0,
    };
  }

  #take(line: string): void {
    const named = /^#(\w+) 0: (.*)$/.exec(line);
    if (named) this.#header.set(named[1]!, named[2]!);
    // stream, dts, pts, duration, size, hash, and flags unless they say no more than "key".
    const packet = /^\d+, *(-?\d+), *(-?\d+), *(\d+), *(\d+), *0x[0-9a-f]+(?:, F=0x([0-9A-F]+))?/.exec(line);
    if (!packet) return;
    const [decoded, shown, ticks, size] = packet.slice(1, 5).map(Number) as [number, number, number, number];
    // An empty packet is AVI's way to show the last picture for longer.
    if (size > 0) this.#numbers.push(decoded, shown, ticks, packet[5] === undefined ? KEY : parseInt(packet[5], 16));
  }
}

/** Numbers in one piece of memory, eight bytes each. */
class GrowingNumbers {
  #numbers = new Float64Array(1024);
  length = 0;

  push(...numbers: readonly number[]): void {
    if (this.length + numbers.length > this.#numbers.length) {
      const larger = new Float64Array(2 * this.#numbers.length);
      larger.set(this.#numbers);
      this.#numbers = larger;
    }
    this.#numbers.set(numbers, this.length);
    this.length += numbers.length;
  }

  at(index: number): number {
    return this.#numbers[index]!;
  }
}
