import { z } from 'zod';
import type { SampleRange } from '../core/batch.ts';
import type { AlgorithmSection } from './algorithm.ts';

/**
 * Samples of a part of a round. While the next part is sampled, the last one is scored, so that the engine and the
 * judge work at the same time. A part should have at least as many questions as `judge.concurrency`. Absent: a round is
 * one part.
 */
export const SamplesPerPart = z.int().min(1).max(1024).optional();

/**
 * Each part of a step has four activities in a history that Temporal limits, however small its samples are; and two
 * digits in the names of its files.
 */
const MOST_PARTS = 100;

/** The parts of a round with so many samples, in the order in which they are sampled. */
export function partsOf(samples: number, algorithm: AlgorithmSection): SampleRange[] {
  const size = samplesPerPart(algorithm) ?? samples;
  return Array.from({ length: Math.ceil(samples / size) }, (_, part) => ({
    from: part * size,
    count: Math.min(size, samples - part * size),
  }));
}

/** Why a step would have too many parts, as the end of a sentence; `undefined` where it has not. */
export function partsFault(algorithm: AlgorithmSection, rounds: number): string | undefined {
  const { samplesPerStep } = algorithm;
  const parts = partsOf(samplesPerStep, algorithm).length;
  if (parts === 1 || parts * rounds <= MOST_PARTS) return undefined;
  const most = Math.floor(MOST_PARTS / rounds);
  const inRounds = rounds > 1 ? ` and ${rounds} rounds` : '';
  return (
    `set at least ${Math.ceil(samplesPerStep / most)}, or leave it out: with algorithm.samplesPerStep ` +
    `${samplesPerStep}${inRounds} a step would have ${parts * rounds} parts, and has at most ${MOST_PARTS}`
  );
}

function samplesPerPart(algorithm: AlgorithmSection): number | undefined {
  return 'samplesPerPart' in algorithm ? (algorithm.samplesPerPart as number | undefined) : undefined;
}
