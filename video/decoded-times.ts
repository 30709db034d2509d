/** The most characters of a line that says a frame's time. */
const MAX_LINE = 256;

/**
 * The filters that report when each decoded frame is shown, in microseconds, to `output`; the frames pass unchanged.
 * The only metadata that are written are these filters' own: a file's are no part of it.
 */
export function reportTimes(output: string): string {
  const key = 'key=videocap';
  return [
    'settb=AVTB',
    `metadata=mode=delete:${key}`,
    `metadata=mode=add:${key}:value=1`,
    `metadata=mode=print:${key}:direct=1:file='${output.replace(':', '\\:')}'`,
  ].join(',');
}

/** Takes the report piece by piece. */
export class DecodedTimes {
  #rest = '';
  /** In the order of output; NaN where the time is not known. */
  readonly times: number[] = [];

  add(piece: Buffer): void {
    const lines = (this.#rest + piece.toString('latin1')).split('\n');
    this.#rest = lines.pop()!.slice(0, MAX_LINE);
    for (const line of lines) {
      const time = /^frame:\d+ +pts:(-?\d+|NOPTS) /.exec(line)?.[1];
      if (time !== undefined) this.times.push(Number(time));
    }
  }
}
