import { VideocapError } from '../../../core/errors.ts';

/** What a sampler needs besides the logits. */
export interface SamplingRule {
  temperature: number;
  /** Tokens that are never chosen, by id: 1 where suppressed. */
  suppressed: Uint8Array;
}

export interface Draw {
  token: number;
  /** Natural logarithm of the token's probability under the distribution it was drawn from. */
  logProb: number;
}

/**
 * Draws a token from softmax(logits / temperature) over the tokens that are not suppressed, by inverting the cumulative
 * distribution at `uniform` in [0, 1): a pure function, in double precision.
 * @throws VideocapError `Diverged` when the logits leave nothing to choose: the policy has diverged.
 */
export function drawToken(logits: Float32Array, rule: SamplingRule, uniform: number): Draw {
  const { highest, weights, total } = softmax(logits, rule);
  const target = uniform * total;
  let below = 0;
  let chosen = -1;
  for (let token = 0; token < weights.length; token++) {
    const weight = weights[token]!;
    // Rounding may leave the sum a little short of the target; the last token of any weight then stands.
    if (weight > 0) chosen = token;
    below += weight;
    if (below > target) break;
  }
  return { token: chosen, logProb: (logits[chosen]! - highest) / rule.temperature - Math.log(total) };
}

/** Natural logarithm of a token's probability under softmax(logits / temperature). Throws as `drawToken`. */
export function logProbability(logits: Float32Array, rule: SamplingRule, token: number): number {
  const { highest, total } = softmax(logits, rule);
  return (logits[token]! - highest) / rule.temperature - Math.log(total);
}

/** The highest logit; of every token exp((logit - highest) / temperature), 0 where suppressed; and the sum of these. */
function softmax(logits: Float32Array, { temperature, suppressed }: SamplingRule) {
  const highest = logits[bestToken(logits, suppressed)]!;
  const weights = new Float64Array(logits.length);
  let total = 0;
  for (let token = 0; token < logits.length; token++) {
    if (suppressed[token] === 1) continue;
    const weight = Math.exp((logits[token]! - highest) / temperature);
    weights[token] = weight;
    total += weight;
  }
  return { highest, weights, total };
}

/** The likeliest token, with its log-probability at temperature 1. Throws as `drawToken`. */
export function drawBest(logits: Float32Array, suppressed: Uint8Array): Draw {
  const token = bestToken(logits, suppressed);
  let total = 0;
  for (let other = 0; other < logits.length; other++)
    if (suppressed[other] !== 1) total += Math.exp(logits[other]! - logits[token]!);
  return { token, logProb: -Math.log(total) };
}

/** The likeliest token that is not suppressed; of equals the one with the lowest id. Throws as `drawToken`. */
export function bestToken(logits: Float32Array, suppressed: Uint8Array): number {
  let best = -1;
  for (let token = 0; token < logits.length; token++) {
    if (suppressed[token] === 1) continue;
    const logit = logits[token]!;
    if (Number.isNaN(logit) || logit === Number.POSITIVE_INFINITY)
      throw diverged(`gave token ${token} the logit ${logit}`);
    if (best < 0 || logit > logits[best]!) best = token;
  }
  if (best < 0 || logits[best] === Number.NEGATIVE_INFINITY) throw diverged('left no token to choose from');
  return best;
}

function diverged(how: string): VideocapError {
  return new VideocapError(
    'Diverged',
    `The policy ${how}: its weights have diverged; start from an earlier checkpoint with a smaller ` +
      'optimizer.learningRate.',
  );
}
