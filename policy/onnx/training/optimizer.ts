import type * as ort from 'onnxruntime-node';
import type { OptimizerConfig } from '../../../algorithms/optimizer-config.ts';
import { notFiniteValue } from '../../../core/not-finite.ts';
import { type Feeds, floats, scalar, tensorFeeds } from '../model/feeds.ts';
import type { PolicyModel } from '../model/model.ts';
import type { FloatTensor, FloatTensors } from '../model/safetensors.ts';
import { type OptimizerState, type Weights, weightsOf } from '../model/weights.ts';
import type { OptimizerSession } from './optimizer-session.ts';
import { requireFiniteTensors, UpdateStopped } from './update-stopped.ts';

/** Gradients that micro-batches add up, in the order in which they come. */
export class GradientSum {
  readonly #model: PolicyModel;
  #sum: FloatTensors | undefined;
  #into: Feeds = {};

  constructor(model: PolicyModel) {
    this.#model = model;
  }

  /** Where a gradient graph is to write its gradients: from the second micro-batch on all use the same memory. */
  get into(): Feeds {
    return this.#into;
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
      const empty = ({ name, shape, data }: (typeof gradients)[number]): [string, FloatTensor] => [
        name,
        { shape, data: new Float32Array(data.length) },
      ];
      this.#into = tensorFeeds(new Map(gradients.map(empty)), 'grad.');
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
 * @throws UpdateStopped when the gradients' norm, the new moments or the new weights are not finite.
 */
export async function adamwStep(
  model: PolicyModel,
  weights: Weights,
  gradients: FloatTensors,
  state: OptimizerState,
  learningRate: number,
  settings: Omit<OptimizerConfig, 'nonFinite' | 'maxSkips'>,
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
  const value = notFiniteValue(gradNorm);
  if (value) throw new UpdateStopped({ what: 'gradient', value, where: 'its norm over all parameters' });
  const taken = (prefix: string): FloatTensors =>
    new Map(
      model.folder.parameters.map(({ name, shape }) => [
        name,
        { shape, data: floats(output[`new_${prefix}.${name}`]) },
      ]),
    );
  const [after, first, second] = [taken('param'), taken('m'), taken('v')];
  for (const moments of [first, second]) requireFiniteTensors(moments, 'moment of the optimiser');
  requireFiniteTensors(after, 'weight after the update');
  return { weights: weightsOf(after), state: { updates, first, second }, gradNorm };
}
