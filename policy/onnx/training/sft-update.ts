import type { SftConfig } from '../../../algorithms/sft.ts';
import { progressOf } from '../../../core/compute-options.ts';
import type { ReferenceBatch } from '../../../core/policy-engine.ts';
import { learningRateAt } from '../../learning-rate.ts';
import { floats } from '../model/feeds.ts';
import { microBatches, perToken, runOn } from './micro-batch.ts';
import { adamwStep, GradientSum } from './optimizer.ts';
import type { Update } from './update.ts';
import { requireFiniteGradients } from './update-stopped.ts';

/** One SFT step: the mean cross-entropy over all tokens of the references, end token included; the prompt is masked. */
export const sftUpdate: Update<SftConfig, ReferenceBatch> = {
  graphs: ['sft-gradients', 'adamw'],
  learnsFrom: 'references',

  async run(model, { session, batch, step, config }, computation) {
    const clips = batch.samples.map(({ text, sampleId, ...shown }) => ({
      ...shown,
      completions: [{ tokenIds: model.tokenizer.completion(text), sampleId, counts: true }],
    }));
    const tokens = clips.reduce((sum, { completions: [completion] }) => sum + completion!.tokenIds.length, 0);
    const batches = microBatches(model, clips);
    const progress = progressOf(computation, batches.length);
    const gradients = new GradientSum(model);
    let loss = 0;
    const runs = batches.map((micro) => {
      const begun = () => progress('gradients', micro.names);
      return runOn(micro, begun, () => ({ token_weights: perToken(micro, () => 1 / tokens) }));
    });
    let done = 0;
    for await (const output of model.runEach('sft-gradients', session.weights, runs, () => gradients.into)) {
      requireFiniteGradients(batches[done++]!, output);
      gradients.add(output);
      loss += floats(output.loss)[0]!;
    }
    progress('weights');
    const learningRate = learningRateAt(step, config.steps, config.optimizer);
    const { weights, state, gradNorm } = await adamwStep(
      model,
      session.weights,
      gradients.tensors,
      session.state,
      learningRate,
      config.optimizer,
    );
    return { weights, state, metrics: { loss, gradNorm, learningRate, tokens, updates: 1 } };
  },
};
