import type { TokenFilters } from '../../../core/token-filters.ts';
import { bestToken } from './sampler.ts';

/** What filters need to know besides the logits. */
export interface FilterRule extends TokenFilters {
  /** 0: the choice is greedy, and only the repetition penalty counts. */
  temperature: number;
  /** Tokens that are never chosen, by id: 1 where suppressed. */
  suppressed: Uint8Array;
}

/**
 * Logits `[V]` as the filters leave them: those of tokens that may be chosen, penalised but not divided by the
 * temperature, and -Infinity elsewhere. At least one token stays. Definitions and order are those of `transformers` 5
 * (`generation/logits_process.py`): repetition penalty, suppressed tokens, temperature, top-k, top-p, min-p, each over
 * the tokens that the one before has left.
 * @throws VideocapError `InvalidModel` as `drawToken`, when the policy has diverged.
 * @param logits finite, but for tokens that are impossible.
 * @param seen ids of the prompt and of the completion so far: the penalty is for all of them, as in `generate`.
 */
export function filterLogits(logits: Float32Array, rule: FilterRule, seen: Iterable<number>): Float32Array {
  const { temperature, suppressed, topK, topP, minP } = rule;
  const penalised = penaliseRepetition(logits, rule.repetitionPenalty, seen);
  for (let token = 0; token < penalised.length; token++)
    if (suppressed[token] === 1) penalised[token] = Number.NEGATIVE_INFINITY;
  bestToken(penalised, suppressed); // throws for NaN, which sorting would filter out without an error
  if (temperature === 0 || (topK === 0 && topP === 1 && minP === 0)) return penalised;
  let kept = likeliestLast(penalised);
  if (topK > 0) kept = keepTopK(kept, penalised, topK);
  const highest = penalised[kept.at(-1)!]!;
  const weights = kept.map((token) => Math.exp((penalised[token]! - highest) / temperature));
  const first = Math.max(
    topP < 1 ? nucleusStart(weights, topP) : 0,
    weights.findIndex((weight) => weight >= minP),
  );
  const filtered = new Float32Array(penalised.length).fill(Number.NEGATIVE_INFINITY);
  for (const token of kept.slice(first)) filtered[token] = penalised[token]!;
  return filtered;
}

/** A copy in which every token that was seen is penalised once, however often it was seen. */
function penaliseRepetition(logits: Float32Array, penalty: number, seen: Iterable<number>): Float32Array {
  const penalised = logits.slice();
  if (penalty === 1) return penalised;
  const factor = Math.fround(penalty); // single precision throughout, as torch has it
  for (const token of new Set(seen)) {
    const logit = logits[token];
    if (logit !== undefined) penalised[token] = logit < 0 ? logit * factor : logit / factor;
  }
  return penalised;
}

/**
 * Ids of the possible tokens, of rising logit. Of equals the higher id comes first, and is left out first: a greedy
 * choice takes the lowest as well. `transformers` has equals in any order, since its sort is not stable.
 */
function likeliestLast(logits: Float32Array): number[] {
  const tokens: number[] = [];
  for (let token = 0; token < logits.length; token++)
    if (logits[token] !== Number.NEGATIVE_INFINITY) tokens.push(token);
  return tokens.sort((a, b) => logits[a]! - logits[b]! || b - a);
}

/** The last `count` tokens, and those that equal the first of them. */
function keepTopK(sorted: readonly number[], logits: Float32Array, count: number): number[] {
  const least = logits[sorted[Math.max(0, sorted.length - count)]!]!;
  return sorted.slice(sorted.findIndex((token) => logits[token]! >= least));
}

/** Where the nucleus begins: what comes before has a probability of at most 1 - `topP`. The last one stays. */
function nucleusStart(weights: readonly number[], topP: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let below = 0;
  for (const [i, weight] of weights.entries()) {
    below += weight / total;
    if (below > 1 - topP) return i;
  }
  return weights.length - 1;
}
