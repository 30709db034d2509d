import * as ort from 'onnxruntime-node';
import type { GrpoConfig } from '../../../algorithms/grpo.ts';
import { progressOf } from '../../../core/compute-options.ts';
import { notFiniteValue } from '../../../core/not-finite.ts';
import type { CompletionBatch, SampledCompletion } from '../../../core/policy-engine.ts';
import type { Shown } from '../../../core/sample.ts';
import { tokenWeights } from '../../aggregation.ts';
import { learningRateAt } from '../../learning-rate.ts';
import { floats, scalar } from '../model/feeds.ts';
import type { Weights } from '../model/weights.ts';
import { type MicroBatch, microBatches, perToken, tokensOf } from './micro-batch.ts';
import { adamwStep, GradientSum } from './optimizer.ts';
import type { Update } from './update.ts';
import { type OfSample, requireFiniteGradients, requireFiniteTokens, UpdateStopped } from './update-stopped.ts';

interface Weighted extends SampledCompletion, OfSample {
  weight: number;
}
interface GrpoMicroBatch extends MicroBatch<Weighted> {
  /** Log-probabilities `[B, G, L]` before the update, and of the reference policy. */
  old: ort.Tensor;
  reference: ort.Tensor;
}

/** Where a log-probability is from that this update does not compute. */
const RECORDED = 'as recorded while sampling';

/** One GRPO step. */
export const grpoUpdate = surrogateUpdate<GrpoConfig>('grpo-gradients', ({ aggregation }) => aggregation);

/** What a clipped surrogate loss takes from an algorithm's section. */
type SurrogateConfig = Pick<
  GrpoConfig,
  'steps' | 'iterations' | 'rolloutLag' | 'beta' | 'clipLow' | 'clipHigh' | 'optimizer'
>;

/**
 * A step with a clipped surrogate loss (paper.md, section 5.1): `iterations` updates on one batch of groups. Ratios are
 * taken to the log-probabilities before the first update, computed here; those recorded while sampling only check the
 * sampler. With `rolloutLag: 1` an earlier policy has sampled, and ratios are taken to what was recorded. All are the
 * policy's own, without the filters of `sampling` (docs/sampling.md): without a lag every ratio is 1 before the first
 * update. Completions without an advantage have weight 0 and count in no denominator; groups of nothing else
 * are not computed at all. If nothing is left the policy stays as it is, and `updates` is 0.
 * @param graph of the loss's gradients; it takes and gives what GRPO's does.
 */
export function surrogateUpdate<Config extends SurrogateConfig>(
  graph: string,
  aggregation: (config: Config) => GrpoConfig['aggregation'],
): Update<Config, CompletionBatch> {
  return {
    graphs: ['logprobs', graph, 'adamw'],
    learnsFrom: 'completions',

    async run(model, { session, batch, step, config, ...frozen }, computation) {
      const reference = await frozen.reference();
      const learningRate = learningRateAt(step, config.steps, config.optimizer);
      const sampling = model.samplingFeeds(batch.temperature);
      const prepared = microBatches(model, weighted(batch, aggregation(config)));
      const progress = progressOf(computation, prepared.length * (1 + config.iterations));

      const batches: GrpoMicroBatch[] = [];
      const mismatch = new TokenMean();
      for (const micro of prepared) {
        progress('log-probabilities', micro.names);
        const logprobs = async (weights: Weights) =>
          (await model.run('logprobs', { ...weights.feeds, ...micro.feeds, ...sampling })).logprobs!;
        const now = await logprobs(session.weights);
        requireFiniteTokens(micro, now, 'log-probability');
        const isReference = config.beta === 0 || reference === session.weights;
        const frozen = isReference ? now : keptFrom(micro, await logprobs(reference), now);
        requireFiniteTokens(micro, frozen, 'log-probability of the reference policy');
        for (const { completion, t, index } of kept(micro)) {
          const recorded = completion.logProbs[t]!;
          const value = notFiniteValue(recorded);
          if (value)
            throw new UpdateStopped({
              what: 'log-probability',
              value,
              samples: [completion.sampleId],
              where: RECORDED,
            });
          mismatch.add(Math.abs(recorded - floats(now)[index]!));
        }
        const old = config.rolloutLag === 1 ? recordedIn(micro, now) : now;
        batches.push({ ...micro, old, reference: frozen });
      }

      if (batches.length === 0) return { ...session, metrics: { ...grpoMetrics(batch), learningRate, updates: 0 } };

      let { weights, state } = session;
      const updates = config.iterations;
      const means = { kl: new TokenMean(), clipFraction: new TokenMean(), entropy: new TokenMean() };
      const totals = { loss: 0, gradNorm: 0 };
      for (let iteration = 0; iteration < updates; iteration++) {
        const gradients = new GradientSum(model);
        for (const micro of batches) {
          progress('gradients', micro.names);
          const output = await model.run(graph, {
            ...weights.feeds,
            ...micro.feeds,
            ...sampling,
            old_logprobs: micro.old,
            ref_logprobs: micro.reference,
            advantages: advantagesOf(micro),
            token_weights: perToken(micro, ({ weight }) => weight),
            clip_low: scalar(config.clipLow),
            clip_high: scalar(config.clipHigh),
            beta: scalar(config.beta),
          });
          requireFiniteGradients(micro, output);
          for (const name of ['kl', 'entropy']) requireFiniteTokens(micro, output[name]!, 'metric', name);
          gradients.add(output);
          totals.loss += floats(output.loss)[0]! / updates;
          for (const { index } of kept(micro)) {
            means.kl.add(floats(output.kl)[index]!);
            means.clipFraction.add(floats(output.clipped)[index]!);
            means.entropy.add(floats(output.entropy)[index]!);
          }
        }
        const updated = await adamwStep(model, weights, gradients.tensors, state, learningRate, config.optimizer);
        weights = updated.weights;
        state = updated.state;
        totals.gradNorm += updated.gradNorm / updates;
      }
      progress('weights');
      return {
        weights,
        state,
        metrics: {
          ...grpoMetrics(batch),
          ...totals,
          ...meansOf(means),
          samplingMismatch: mismatch.value,
          learningRate,
          updates,
        },
      };
    },
  };
}

/** Groups with something to learn from, every completion with its share of the loss. */
function weighted(
  { groups, maxLength }: CompletionBatch,
  aggregation: GrpoConfig['aggregation'],
): (Shown & { completions: Weighted[] })[] {
  const lengths = groups.map(({ completions }) =>
    completions.map(({ tokenIds, advantage }) => (advantage === null ? null : tokenIds.length)),
  );
  const weights = tokenWeights(lengths, aggregation, maxLength);
  return groups
    .map(({ completions, sampleId, ...shown }, g) => ({
      ...shown,
      completions: completions.map((completion, i) => {
        const { advantage } = completion;
        return { ...completion, sampleId, counts: advantage !== null, weight: weights[g]![i]! };
      }),
    }))
    .filter(({ completions }) => completions.some(({ advantage }) => advantage !== null));
}

function* kept(micro: MicroBatch<Weighted>) {
  for (const token of tokensOf(micro)) if (token.completion.counts) yield token;
}

/**
 * `values` where tokens count, `others` elsewhere. Under two policies padding can be so differently likely that its KL
 * overflows, and a weight of 0 does not cancel an infinity.
 */
function keptFrom(micro: MicroBatch<Weighted>, values: ort.Tensor, others: ort.Tensor): ort.Tensor {
  const mixed = floats(others).slice();
  for (const { index } of kept(micro)) mixed[index] = floats(values)[index]!;
  return new ort.Tensor('float32', mixed, micro.shape);
}

/** The log-probabilities that were recorded while sampling where tokens count, `others` elsewhere. */
function recordedIn(micro: MicroBatch<Weighted>, others: ort.Tensor): ort.Tensor {
  const mixed = floats(others).slice();
  for (const { completion, t, index } of kept(micro)) mixed[index] = completion.logProbs[t]!;
  return new ort.Tensor('float32', mixed, micro.shape);
}

/** `[B, G]`. @throws UpdateStopped where one is too large for the graph's numbers. */
function advantagesOf({ completions, shape: [videos, group] }: MicroBatch<Weighted>): ort.Tensor {
  const values = completions.flat().map(({ advantage, sampleId }) => {
    const value = notFiniteValue(Math.fround(advantage ?? 0));
    if (value) throw new UpdateStopped({ what: 'advantage', value, samples: [sampleId] });
    return advantage ?? 0;
  });
  return new ort.Tensor('float32', Float32Array.from(values), [videos, group]);
}

/** Tokens that count, and completions left out. */
function grpoMetrics({ groups }: CompletionBatch): Record<string, number> {
  const completions = groups.flatMap((group) => group.completions);
  const used = completions.filter(({ advantage }) => advantage !== null);
  return {
    tokens: used.reduce((sum, { tokenIds }) => sum + tokenIds.length, 0),
    excludedCompletions: completions.length - used.length,
  };
}

/** A mean over tokens, in their order. */
class TokenMean {
  #sum = 0;
  #count = 0;

  add(value: number): void {
    this.#sum += value;
    this.#count += 1;
  }

  get value(): number {
    return this.#count === 0 ? 0 : this.#sum / this.#count;
  }
}

function meansOf(means: Record<string, TokenMean>): Record<string, number> {
  return Object.fromEntries(Object.entries(means).map(([name, mean]) => [name, mean.value]));
}
