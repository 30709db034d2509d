/** The most characters of a line that says a frame's time. */
const MAX_LINE = 256;
const KEY = 'videocap';

/**
 * The filters that report when each decoded frame of a stretch is shown, in microseconds, to `output`; the frames pass
 * unchanged. The only metadata that are written are these filters' own: a file's are no part of it.
 */
export function reportTimes(output: string, part: number): string {
  return [
    'settb=AVTB',
    `metadata=mode=delete:key=${KEY}`,
    `metadata=mode=add:key=${KEY}:value=${part}`,
    `metadata=mode=print:key=${KEY}:direct=1:file='${output.replace(':', '\\:')}'`,
  ].join(',');
}

/** Takes the report piece by piece. */
export class DecodedTimes {
  #rest = '';
  #time = Number.NaN;
  #isFirst = false;
  /** For each stretch, in the order of output; NaN where the time is not known. */
  readonly times: readonly number[][];
  /** For each stretch, which of its frames were the first of a filter graph: ffmpeg starts a new one for a new size. */
  readonly starts: readonly number[][];

  constructor(parts: number) {
    this.times = Array.from({ length: parts }, () => []);
    this.starts = Array.from({ length: parts }, () => []);
  }

  add(piece: Buffer): void {
    const lines = (this.#rest + piece.toString('latin1')).split('\n');
    this.#rest = lines.pop()!.slice(0, MAX_LINE);
    for (const line of lines) {
      const [, number, time] = /^frame:(\d+) +pts:(-?\d+|NOPTS) /.exec(line) ?? [];
      if (time !== undefined) {
        this.#time = Number(time);
        this.#isFirst = Number(number) === 0;
      } else if (line.startsWith(`${KEY}=`)) this.#add(Number(line.slice(KEY.length + 1)));
    }
  }

  #add(part: number): void {
    const times = this.times[part];
    if (times === undefined) return;
    if (this.#isFirst) this.starts[part]!.push(times.length);
    times.push(this.#time);
  }
}
