import { writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type fc from 'fast-check';

/** A module `x.fuzz.ts`: what is tried, and with what. It is loaded in a thread, where there is no Vitest. */
export interface FuzzTarget {
  inputs: fc.Arbitrary<unknown>;
  /** May throw `VideocapError` and nothing else. `folder` is empty at first and removed at the end. */
  subject(input: unknown, folder: string): void | Promise<void>;
}

export interface FuzzOrder {
  target: string;
  runs: number;
  seed: number;
  folder: string;
  /** How many cases have begun. */
  cases: Int32Array<SharedArrayBuffer>;
}

export interface FuzzResult {
  refused: number;
  /** Milliseconds. */
  slowest: number;
}

/** Vitest's limit for a fuzz test: `npm run fuzz` is in no hurry. */
export const FUZZ_TIMEOUT = process.env.FUZZ_RUNS ? 3_600_000 : 120_000;

const LIMITS = {
  /** A case that has not ended by then never will. */
  caseSeconds: 30,
  /** All cases together may take so much more memory than there was before, garbage included. */
  mebibytes: 768,
};
const HEAP_MEBIBYTES = 512;
const LOOK_MILLISECONDS = 50;
const MEBIBYTE = 2 ** 20;

/**
 * Tries a target with generated inputs in a thread that is watched: what hangs or takes more and more memory is ended,
 * and fails like any other defect, with the seed and the case. `npm test` runs `usual` cases from a fixed seed; `npm
 * run fuzz` 100,000 from a random one, which it prints, and which `FUZZ_SEED` repeats.
 */
export async function fuzz(target: URL, usual: number, { caseSeconds, mebibytes } = LIMITS): Promise<void> {
  const runs = Number(process.env.FUZZ_RUNS ?? usual);
  const seed = Number(process.env.FUZZ_SEED ?? (process.env.FUZZ_RUNS ? Date.now() % 2 ** 31 : 1));
  const name = basename(target.pathname, '.fuzz.ts');
  const began = performance.now();
  const folder = await mkdtemp(join(tmpdir(), 'videocap-fuzz-'));
  const cases = new Int32Array(new SharedArrayBuffer(4));
  const order: FuzzOrder = { target: target.href, runs, seed, folder, cases };
  const before = process.memoryUsage.rss();
  const thread = new Worker(new URL('./fuzz-thread.mjs', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES },
  });
  let watch: NodeJS.Timeout | undefined;
  let peak = 0;
  try {
    const { refused, slowest } = await new Promise<FuzzResult>((resolve, reject) => {
      const fail = (what: string) => {
        const at = Atomics.load(cases, 0);
        const repeat = `FUZZ_SEED=${seed} FUZZ_RUNS=${at} npx vitest run ${name}.fuzz`;
        reject(new Error(`${name}: ${what} in case ${at} of seed ${seed}; repeat it: ${repeat}`));
      };
      thread.on('message', resolve);
      thread.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? fail(`more than ${HEAP_MEBIBYTES} MiB of objects`) : reject(error),
      );
      thread.on('exit', (code) => fail(`the thread ended with code ${code}`));
      let [last, since] = [0, performance.now()];
      watch = setInterval(() => {
        const now = Atomics.load(cases, 0);
        if (now !== last) [last, since] = [now, performance.now()];
        peak = Math.max(peak, (process.memoryUsage.rss() - before) / MEBIBYTE);
        if (now > 0 && performance.now() - since > caseSeconds * 1000) fail(`no end after ${caseSeconds} s`);
        if (peak > mebibytes) fail(`${Math.round(peak)} MiB more than at first`);
      }, LOOK_MILLISECONDS);
    });
    if (cases[0]! < runs) throw new Error(`${name}: only ${cases[0]} of ${runs} cases were tried.`);
    if (process.env.FUZZ_RUNS)
      // Past vitest, which would put a heading before every line.
      writeSync(
        1,
        `${name}: ${cases[0]} cases, seed ${seed}, ${refused} refused, ` +
          `${((performance.now() - began) / 1000).toFixed(1)} s, slowest ${slowest.toFixed(0)} ms, peak ` +
          `${peak.toFixed(0)} MiB\n`,
      );
  } finally {
    clearInterval(watch);
    void thread.terminate(); // not waited for: it may be where nothing ends it
    await rm(folder, { recursive: true, force: true });
  }
}
