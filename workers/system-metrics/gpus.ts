import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { withoutSecretVariables } from '../../core/secret-variables.ts';

/** A number is absent where the GPU does not tell it. */
export interface Gpu {
  index: number;
  /** Percent of the time in which it computed. */
  busy?: number | undefined;
  /** Bytes. */
  memory?: { used: number; all: number } | undefined;
  /** Watts. */
  power?: { used: number; limit: number } | undefined;
}

const FIELDS = 'index,utilization.gpu,memory.used,memory.total,power.draw,enforced.power.limit';
const QUERY = [`--query-gpu=${FIELDS}`, '--format=csv,noheader,nounits'];
const MEBIBYTE = 2 ** 20;

/**
 * Reads this machine's GPUs by NVIDIA's program; none where it gives no answer in time. Where there is no such program,
 * it is looked for once: starting one stops a large process for milliseconds.
 */
export function gpuReader(program = 'nvidia-smi'): () => Promise<Gpu[]> {
  const env = withoutSecretVariables(process.env);
  let isMissing = false;
  return async () => {
    if (isMissing) return [];
    try {
      const { stdout } = await promisify(execFile)(program, QUERY, { env, timeout: 5000, killSignal: 'SIGKILL' });
      return parseGpus(stdout);
    } catch (error) {
      isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      return [];
    }
  };
}

/** A line a GPU; `[N/A]` stands for what it does not tell. */
export function parseGpus(text: string): Gpu[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [index, busy, used, all, watts, limit] = line.split(',').map(Number.parseFloat).map(known);
    return {
      index: index!,
      busy,
      memory: used !== undefined && all ? { used: used * MEBIBYTE, all: all * MEBIBYTE } : undefined,
      power: watts !== undefined && limit ? { used: watts, limit } : undefined,
    };
  });
}

function known(number: number): number | undefined {
  return Number.isFinite(number) ? number : undefined;
}
