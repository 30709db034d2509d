import { readFileSync } from 'node:fs';
import { listProcesses, type Process } from './process-table.ts';

/** The most memory that a set of process trees held at one moment, all of them together. */
export interface PeakMemory {
  bytes: number;
  /** What each tree held at that moment. */
  trees: Record<string, number>;
  /** `proportional`: memory shared by several processes is counted once; `resident`: once for each. */
  measure: 'proportional' | 'resident';
}

const INTERVAL_MILLISECONDS = 1000;

/** Looks at the processes once a second until it is stopped. Memory between two looks is not seen. */
export class MemoryWatch {
  readonly #roots: () => Promise<Record<string, number>>;
  readonly #timer: NodeJS.Timeout;
  #peak: PeakMemory = { bytes: 0, trees: {}, measure: process.platform === 'linux' ? 'proportional' : 'resident' };

  /** @param roots process ids at the top of each tree, by name; asked again every time, since services may be replaced. */
  constructor(roots: () => Promise<Record<string, number>>) {
    this.#roots = roots;
    this.#timer = setInterval(() => void this.look(), INTERVAL_MILLISECONDS);
    this.#timer.unref();
  }

  async look(): Promise<void> {
    const { bytes, trees } = measureTrees(await this.#roots(), listProcesses(), memoryOf);
    if (bytes > this.#peak.bytes) this.#peak = { ...this.#peak, bytes, trees };
  }

  stop(): PeakMemory {
    clearInterval(this.#timer);
    return this.#peak;
  }
}

/** Adds up the trees below the roots; a process below two roots counts for the first. */
export function measureTrees(
  roots: Readonly<Record<string, number>>,
  processes: readonly Process[],
  memory: (process: Process) => number,
): Pick<PeakMemory, 'bytes' | 'trees'> {
  const counted = new Set<number>();
  const trees: Record<string, number> = {};
  for (const [name, root] of Object.entries(roots)) {
    let bytes = 0;
    const waiting = processes.filter(({ pid }) => pid === root);
    for (let next = waiting.pop(); next; next = waiting.pop()) {
      if (counted.has(next.pid)) continue;
      counted.add(next.pid);
      bytes += memory(next);
      const { pid } = next;
      waiting.push(...processes.filter(({ parent }) => parent === pid));
    }
    trees[name] = bytes;
  }
  return { bytes: Object.values(trees).reduce((sum, bytes) => sum + bytes, 0), trees };
}

function memoryOf({ pid, residentBytes }: Process): number {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
    return kilobytes === undefined ? residentBytes : Number(kilobytes) * 1024;
  } catch {
    return residentBytes;
  }
}
