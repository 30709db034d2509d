import { writeSync } from 'node:fs';
import fc from 'fast-check';
import { expect } from 'vitest';
import { VideocapError } from '../core/errors.ts';

/** One case may take so long on a busy machine; what hangs takes for ever. */
const MAX_MILLISECONDS = 5000;
/** All cases together may hold so much more than was held before, garbage included. */
const MAX_BYTES = 512 * 2 ** 20;

/** Vitest's limit for a fuzz test: `npm run fuzz` is in no hurry. */
export const FUZZ_TIMEOUT = process.env.FUZZ_RUNS ? 3_600_000 : 120_000;

/**
 * Runs `subject` on so many generated inputs. It may throw `VideocapError` and nothing else, may not hang, and may not
 * hold more and more memory. `npm test` runs `usual` cases from a fixed seed; `npm run fuzz` 100,000 from a random one,
 * which it prints, and which `FUZZ_SEED` repeats.
 */
export async function fuzz<T>(
  name: string,
  usual: number,
  inputs: fc.Arbitrary<T>,
  subject: (input: T) => void | Promise<void>,
): Promise<void> {
  const numRuns = Number(process.env.FUZZ_RUNS ?? usual);
  const seed = Number(process.env.FUZZ_SEED ?? (process.env.FUZZ_RUNS ? Date.now() % 2 ** 31 : 1));
  const began = performance.now();
  const before = heldBytes();
  let refused = 0;
  let cases = 0;
  let slowest = 0;
  let peak = 0;
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      const start = performance.now();
      try {
        await subject(input);
      } catch (error) {
        if (!(error instanceof VideocapError)) throw error;
        expect(error.message).not.toBe('');
        refused += 1;
      }
      slowest = Math.max(slowest, performance.now() - start);
      if (++cases % 100 === 0) peak = Math.max(peak, heldBytes() - before);
      expect(slowest).toBeLessThan(MAX_MILLISECONDS);
    }),
    { numRuns, seed },
  );
  expect(cases).toBeGreaterThanOrEqual(numRuns);
  expect(peak).toBeLessThan(MAX_BYTES);
  if (process.env.FUZZ_RUNS)
    // Past vitest, which would put a heading before every line.
    writeSync(
      1,
      `${name}: ${cases} cases, seed ${seed}, ${refused} refused, ${((performance.now() - began) / 1000).toFixed(1)} s, ` +
        `slowest ${slowest.toFixed(0)} ms, peak ${(peak / 2 ** 20).toFixed(0)} MiB\n`,
    );
}

function heldBytes(): number {
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return heapUsed + external + arrayBuffers;
}

/** Bytes with a few of them changed, put in, taken out, or cut off. */
export function mutated(original: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 16 }), fc.constant(1_000_000)),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(...['"', '[', ']', '{', '}', ':', ',', '\n', '-1', '1e999', '\\ud83d', '</think>'].map(bytesOf)),
    ),
  });
  return fc.tuple(original, fc.array(edit, { maxLength: 5 })).map(([bytes, edits]) =>
    edits.reduce((whole, { at, remove, put }) => {
      const start = Math.floor(at * whole.length);
      return Uint8Array.from(Buffer.concat([whole.subarray(0, start), put, whole.subarray(start + remove)]));
    }, bytes),
  );
}

/** Words of a language in any order, and other text between them. */
export function soup(words: readonly string[]): fc.Arbitrary<string> {
  const word = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...words) },
    fc.string({ unit: 'binary', maxLength: 6 }),
  );
  const repeated = fc
    .tuple(fc.constantFrom(...words), fc.integer({ min: 1, max: 3000 }))
    .map(([one, n]) => one.repeat(n));
  return fc
    .array(fc.oneof({ weight: 40, arbitrary: word }, repeated), { maxLength: 60, size: 'max' })
    .map((parts) => parts.join(''));
}

export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'utf8'));
}
