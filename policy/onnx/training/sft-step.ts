import type { SftConfig } from '../../../algorithms/sft.ts';
import type { ComputeOptions } from '../../../core/compute-options.ts';
import { floats } from '../model/feeds.ts';
import type { PolicyModel } from '../model/model.ts';
import type { Frames } from '../model/video-processor.ts';
import { type Learner, progressOf, type Trained } from './learner.ts';
import { learningRateAt } from './learning-rate.ts';
import { microBatches, perToken } from './micro-batch.ts';
import { adamwStep, GradientSum } from './optimizer.ts';

export interface SftBatch {
  samples: readonly { frames: Frames; text: string }[];
  step: number;
  sft: SftConfig;
}

/** One SFT step: the mean cross-entropy over all tokens of the references, end token included; the prompt is masked. */
export async function sftStep(
  model: PolicyModel,
  learner: Learner,
  batch: SftBatch,
  computation: ComputeOptions,
): Promise<Trained> {
  const { sft, step } = batch;
  const clips = batch.samples.map(({ frames, text }) => ({
    frames,
    completions: [{ tokenIds: model.tokenizer.completion(text) }],
  }));
  const tokens = clips.reduce((sum, { completions: [completion] }) => sum + completion!.tokenIds.length, 0);
  const batches = microBatches(model, clips);
  const progress = progressOf(computation, batches.length);
  const gradients = new GradientSum(model);
  let loss = 0;
  for (const micro of batches) {
    progress('gradients');
    const output = await model.run('sft-gradients', {
      ...learner.weights.feeds,
      ...micro.feeds,
      token_weights: perToken(micro, () => 1 / tokens),
    });
    gradients.add(output);
    loss += floats(output.loss)[0]!;
  }
  progress('weights');
  const learningRate = learningRateAt(step, sft.steps, sft.optimizer);
  const { weights, state, gradNorm } = await adamwStep(
    model,
    learner.weights,
    gradients.tensors,
    learner.state,
    learningRate,
    sft.optimizer,
  );
  return { weights, state, metrics: { loss, gradNorm, learningRate, tokens, updates: 1 } };
}
