import type * as ort from 'onnxruntime-node';
import type { OptimizerConfig } from '../../../algorithms/optimizer-config.ts';
import { VideocapError } from '../../../core/errors.ts';
import { floats, scalar, tensorFeeds } from '../model/feeds.ts';
import type { PolicyModel } from '../model/model.ts';
import type { FloatTensors } from '../model/safetensors.ts';
import { type OptimizerState, type Weights, weightsOf } from '../model/weights.ts';
import type { OptimizerSession } from './optimizer-session.ts';

/** Gradients that micro-batches add up, in the order in which they come. */
export class GradientSum {
  readonly #model: PolicyModel;
  #sum: FloatTensors | undefined;

  constructor(model: PolicyModel) {
    this.#model = model;
  }

  /** Adds the outputs `grad.<parameter>` of a gradient graph; the first ones' memory is taken over. */
  add(output: Readonly<Record<string, ort.Tensor>>): void {
    const gradients = this.#model.folder.parameters.map(({ name, shape }) => ({
      name,
      shape,
      data: floats(output[`grad.${name}`]),
    }));
    if (!this.#sum) {
      this.#sum = new Map(gradients.map(({ name, shape, data }) => [name, { shape, data }]));
      return;
    }
    for (const { name, data } of gradients) {
      const sum = this.#sum.get(name)!.data;
      for (let i = 0; i < sum.length; i++) sum[i]! += data[i]!;
    }
  }

  get tensors(): FloatTensors {
    if (!this.#sum) throw new RangeError('No gradients were added.');
    return this.#sum;
  }
}

export interface Updated extends OptimizerSession {
  /** Global norm of the gradients before clipping. */
  gradNorm: number;
}

/**
 * One AdamW step with clipping by global norm, as `torch.optim.AdamW` computes it.
 * @throws VideocapError `InvalidInput` when the gradients are not finite: nothing sensible can follow.
 */
export async function adamwStep(
  model: PolicyModel,
  weights: Weights,
  gradients: FloatTensors,
  state: OptimizerState,
  learningRate: number,
  settings: OptimizerConfig,
): Promise<Updated> {
  const updates = state.updates + 1;
  const output = await model.run('adamw', {
    ...tensorFeeds(weights.tensors, 'param.'),
    ...tensorFeeds(gradients, 'grad.'),
    ...tensorFeeds(state.first, 'm.'),
    ...tensorFeeds(state.second, 'v.'),
    lr: scalar(learningRate),
    beta1: scalar(settings.beta1),
    beta2: scalar(settings.beta2),
    eps: scalar(settings.epsilon),
    weight_decay: scalar(settings.weightDecay),
    bias_correction1: scalar(1 - settings.beta1 ** updates),
    bias_correction2: scalar(1 - settings.beta2 ** updates),
    max_grad_norm: scalar(settings.maxGradNorm),
  });
  const gradNorm = floats(output.grad_norm)[0]!;
  if (!Number.isFinite(gradNorm))
    throw new VideocapError(
      'InvalidInput',
      `The gradient's norm is ${gradNorm}: training has diverged; set a smaller optimizer.learningRate.`,
    );
  const taken = (prefix: string): FloatTensors =>
    new Map(
      model.folder.parameters.map(({ name, shape }) => [
        name,
        { shape, data: floats(output[`new_${prefix}.${name}`]) },
      ]),
    );
  return {
    weights: weightsOf(taken('param')),
    state: { updates, first: taken('m'), second: taken('v') },
    gradNorm,
  };
}
