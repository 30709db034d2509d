import { type AlgorithmConfig, algorithmOf } from '../algorithms/registry.ts';
import { partsFault } from '../algorithms/samples-per-part.ts';
import { payloadBytes } from '../core/payload-size.ts';
import type { SamplingConfig } from '../policy/policy-config.ts';

/**
 * Tokens of a round's completions, were all of them as long as they may be. A round's rollout is one JSON text, of
 * which V8 holds 512 million characters: 128 for a token's id, log-probabilities and letters.
 */
const MOST_ROUND_TOKENS = 2 ** 22;

/** Tokens of a step's rounds together: an update has all of them in memory. */
const MOST_STEP_TOKENS = 2 ** 24;

/**
 * Bytes of a whole config as JSON. Every step's state has it, and so have several stages: with the results of a run's
 * benchmarks it must stay far below what a payload may have (`core/payload-size.ts`).
 */
export const MOST_CONFIG_BYTES = 2 ** 16;

/** Why a step with these fields is too large. */
export function stepSizeIssues({ algorithm, sampling }: { algorithm: AlgorithmConfig; sampling: SamplingConfig }) {
  if (algorithmOf(algorithm).learnsFrom !== 'completions') return [];
  const { groupSize, maxNewTokens } = sampling;
  const rounds = ('dynamicSampling' in algorithm && algorithm.dynamicSampling?.maxRounds) || 1;
  const completions = algorithm.samplesPerStep * groupSize;
  const product = 'algorithm.samplesPerStep x sampling.groupSize x sampling.maxNewTokens';
  if (completions * maxNewTokens > MOST_ROUND_TOKENS)
    return [
      {
        path: ['sampling', 'maxNewTokens'],
        message:
          `set at most ${Math.floor(MOST_ROUND_TOKENS / completions)} in place of ${maxNewTokens} with these ` +
          `${completions} completions, or fewer of them: ${product} is at most ${MOST_ROUND_TOKENS}`,
      },
    ];
  if (completions * maxNewTokens * rounds > MOST_STEP_TOKENS)
    return [
      {
        path: ['algorithm', 'dynamicSampling', 'maxRounds'],
        message:
          `set at most ${Math.floor(MOST_STEP_TOKENS / (completions * maxNewTokens))}, or fewer tokens: ${product} x ` +
          `maxRounds is at most ${MOST_STEP_TOKENS}`,
      },
    ];
  const parts = partsFault(algorithm, rounds);
  return parts === undefined ? [] : [{ path: ['algorithm', 'samplesPerPart'], message: parts }];
}

/** Why a config is too large, as the end of a sentence; `undefined` if it is not. */
export function configSizeFault(config: object): string | undefined {
  const bytes = payloadBytes(config);
  if (bytes <= MOST_CONFIG_BYTES) return undefined;
  return `has ${bytes} bytes as JSON, more than ${MOST_CONFIG_BYTES}; shorten ${largestField(config).join('.')}`;
}

/** The field that has most of an object's bytes, as deep as one has. */
function largestField(value: object): string[] {
  const sizes = Object.entries(value).map(([name, inner]) => ({ name, inner, bytes: payloadBytes(inner) }));
  const [first] = sizes.sort((a, b) => b.bytes - a.bytes);
  if (!first) return [];
  const { name, inner, bytes } = first;
  const goesOn =
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) && bytes > payloadBytes(value) / 2;
  return [name, ...(goesOn ? largestField(inner) : [])];
}
