import * as ort from 'onnxruntime-node';
import type { GrpoConfig } from '../../../algorithms/grpo.ts';
import { progressOf } from '../../../core/compute-options.ts';
import { notFiniteValue } from '../../../core/not-finite.ts';
import type { CompletionBatch, SampledCompletion } from '../../../core/policy-engine.ts';
import type { Shown } from '../../../core/sample.ts';
import { tokenWeights } from '../../aggregation.ts';
import { learningRateAt } from '../../learning-rate.ts';
import { floats, scalar } from '../model/feeds.ts';
import { type MicroBatch, microBatches, perToken, runOn, tokensOf } from './micro-batch.ts';
import { adamwStep, GradientSum } from './optimizer.ts';
import type { Update } from './update.ts';
import { type OfSample, requireFiniteGradients, requireFiniteTokens, UpdateStopped } from './update-stopped.ts';

interface Weighted extends SampledCompletion, OfSample {
  weight: number;
}
interface GrpoMicroBatch extends MicroBatch<Weighted> {
  /**
   * Log-probabilities `[B, G, L]` that ratios are taken to, and of the reference policy. Where they are NaN the graph
   * takes those that it computes.
   */
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
 * taken to the log-probabilities before the first update, which the graph of its gradients computes anyway; those
 * recorded while sampling only check the sampler. With `rolloutLag: 1` an earlier policy has sampled, and ratios are
 * taken to what was recorded. All are the policy's own, without the filters of `sampling` (docs/sampling.md): without a
 * lag every ratio is 1 before the first update. Completions without an advantage have weight 0 and count in no
 * denominator; groups of nothing else are not computed at all. If nothing is left the policy stays as it is, and
 * `updates` is 0.
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
      const ownReference = config.beta === 0 || reference === session.weights;
      const progress = progressOf(computation, prepared.length * (config.iterations + (ownReference ? 0 : 1)));

      const batches = prepared.map((micro): GrpoMicroBatch => {
        for (const { completion, t } of kept(micro)) {
          const value = notFiniteValue(completion.logProbs[t]!);
          const samples = [completion.sampleId];
          if (value) throw new UpdateStopped({ what: 'log-probability', value, samples, where: RECORDED });
        }
        const own = keptFrom(micro);
        const old = config.rolloutLag === 1 ? keptFrom(micro, ({ completion, t }) => completion.logProbs[t]!) : own;
        return { ...micro, old, reference: own };
      });
      if (!ownReference) {
        const what = 'log-probabilities of the reference policy';
        const runs = batches.map((micro) =>
          runOn(
            micro,
            () => progress(what, micro.names),
            () => sampling,
          ),
        );
        let done = 0;
        for await (const { logprobs } of model.runEach('logprobs', reference, runs)) {
          const micro = batches[done++]!;
          requireFiniteTokens(micro, logprobs!, 'log-probability of the reference policy');
          micro.reference = keptFrom(micro, ({ index }) => floats(logprobs)[index]!);
        }
      }

      if (batches.length === 0) return { ...session, metrics: { ...grpoMetrics(batch), learningRate, updates: 0 } };

      let { weights, state } = session;
      const updates = config.iterations;
      const mismatch = new TokenMean();
      const means = { kl: new TokenMean(), clipFraction: new TokenMean(), entropy: new TokenMean() };
      const totals = { loss: 0, gradNorm: 0 };
      for (let iteration = 0; iteration < updates; iteration++) {
        const gradients = new GradientSum(model);
        const runs = batches.map((micro) =>
          runOn(
            micro,
            () => progress('gradients', micro.names),
            () => ({
              ...sampling,
              old_logprobs: micro.old,
              ref_logprobs: micro.reference,
              advantages: advantagesOf(micro),
              token_weights: perToken(micro, ({ weight }) => weight),
              clip_low: scalar(config.clipLow),
              clip_high: scalar(config.clipHigh),
              beta: scalar(config.beta),
            }),
          ),
        );
        let done = 0;
        for await (const output of model.runEach(graph, weights, runs, () => gradients.into)) {
          const micro = batches[done++]!;
          if (iteration === 0) {
            const before = output.logprobs!;
            requireFiniteTokens(micro, before, 'log-probability');
            for (const { completion, t, index } of kept(micro))
              mismatch.add(Math.abs(completion.logProbs[t]! - floats(before)[index]!));
            // The next updates compare with the policy before the first one.
            if (config.rolloutLag === 0) micro.old = before;
            if (ownReference) micro.reference = before;
          }
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
 * A number for every token that counts, NaN elsewhere; without `value` NaN everywhere. Under two policies padding can
 * be so differently likely that its KL overflows, and a weight of 0 does not cancel an infinity: there the graph
 * compares the policy with itself.
 */
function keptFrom(
  micro: MicroBatch<Weighted>,
  value?: (token: { completion: Weighted; t: number; index: number }) => number,
): ort.Tensor {
  const data = new Float32Array(micro.shape[0] * micro.shape[1] * micro.shape[2]).fill(Number.NaN);
  if (value) for (const token of kept(micro)) data[token.index] = value(token);
  return new ort.Tensor('float32', data, micro.shape);
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
