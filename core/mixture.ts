import { type Batch, samplesOf } from './batch.ts';
import { shuffledAt, uniformAt } from './random.ts';
import type { DatasetManifest, Sample } from './sample.ts';

/** Samples with their share of every batch: their weight among the weights of all. */
export interface WeightedSamples<T> {
  samples: readonly T[];
  weight: number;
}

/** The training samples of a round: of all the data set's alike, or of its sources by their weights. */
export function trainingSamples(
  { train, sources }: Pick<DatasetManifest, 'train' | 'sources'>,
  batch: Batch,
): Sample[] {
  if (!sources) return samplesOf(train, batch);
  let from = 0;
  const mixed = sources.map(({ samples, weight }) => {
    from += samples;
    return { samples: train.slice(from - samples, from), weight };
  });
  return mixedSamplesOf(mixed, batch);
}

/**
 * The samples of a round, a function of (sources, seed, step, round) alone. None comes twice in a step.
 *
 * Round 0: each source has epochs of its own, as a single data set has; where one ends within a batch, what the batch
 * has already is skipped. Further rounds draw at random among those that the step has not had yet. A source that has
 * fewer left than its share gives all of them, and the others fill the batch.
 */
export function mixedSamplesOf<T>(sources: readonly WeightedSamples<T>[], { seed, step, round, size }: Batch): T[] {
  const weights = sources.map(({ weight }) => weight);
  const all = sources.flatMap(({ samples }) => samples);
  const wanted = Math.min(size, all.length);
  const used = new Set<T>();
  let batch: T[] = [];
  for (let r = 0; r <= round; r++) {
    const shares = sharesAt(weights, wanted, offsetAt(seed, step, r));
    const drawn = r === 0 ? drawnBefore(weights, wanted, seed, step) : [];
    batch = sources.flatMap(({ samples }, i) => {
      const order =
        r === 0 ? epochs(samples, seed, i, drawn[i]!) : shuffledAt(samples, seed, ['step', step, 'round', r, i]);
      return takeUnused(order, Math.min(shares[i]!, samples.length), used);
    });
    const rest = shuffledAt(all, seed, ['step', step, 'round', r, 'fill']);
    batch.push(...takeUnused(rest, wanted - batch.length, used));
  }
  return batch;
}

/** Its multiples, modulo 1, fill the unit interval as evenly as can be (a Kronecker sequence). */
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/** From 0 to below 1; over the steps as even as can be, so that counts stay within a few samples of the weights. */
function offsetAt(seed: number, step: number, round: number): number {
  return (uniformAt(seed, ['mixture', round]) + step * GOLDEN_RATIO) % 1;
}

/**
 * How many samples of each source a round takes: systematic sampling, so each count is its exact share rounded down or
 * up, and they add up to `size`.
 */
export function sharesAt(weights: readonly number[], size: number, offset: number): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let [below, edge] = [0, 0];
  return weights.map((weight, i) => {
    below += weight;
    const next = i === weights.length - 1 ? size : Math.min(size, Math.floor((size * below) / total + offset));
    const share = next - edge;
    edge = next;
    return share;
  });
}

/** How many samples of each source the first rounds of all earlier steps took. */
function drawnBefore(weights: readonly number[], size: number, seed: number, step: number): number[] {
  const drawn = weights.map(() => 0);
  const first = offsetAt(seed, 0, 0);
  for (let before = 1; before < step; before++)
    for (const [i, share] of sharesAt(weights, size, (first + before * GOLDEN_RATIO) % 1).entries()) drawn[i]! += share;
  return drawn;
}

/** A source's samples from one of its draws on, epoch after epoch. */
function* epochs<T>(samples: readonly T[], seed: number, source: number, from: number): Generator<T> {
  for (let epoch = Math.floor(from / samples.length); samples.length > 0; epoch++) {
    const order = shuffledAt(samples, seed, ['source', source, 'epoch', epoch]);
    yield* order.slice(Math.max(0, from - epoch * samples.length));
  }
}

function takeUnused<T>(order: Iterable<T>, wanted: number, used: Set<T>): T[] {
  const taken: T[] = [];
  if (wanted <= 0) return taken;
  for (const sample of order) {
    if (used.has(sample)) continue;
    used.add(sample);
    taken.push(sample);
    if (taken.length === wanted) break;
  }
  return taken;
}
