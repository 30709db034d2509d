import type * as ort from 'onnxruntime-node';
import { firstNotFinite, type NotFinite, notFiniteValue } from '../../../core/not-finite.ts';
import { floats } from '../model/feeds.ts';
import type { FloatTensors } from '../model/safetensors.ts';
import { type MicroBatch, tokensOf } from './micro-batch.ts';

/** An update met a number that is not finite. Nothing of it is kept: the weights stay those before its first part. */
export class UpdateStopped extends Error {
  override readonly name = 'UpdateStopped';
  readonly found: NotFinite;

  constructor(found: NotFinite) {
    super(`The ${found.what} is ${found.value}.`);
    this.found = found;
  }
}

/** A completion with the sample that it is of; `counts` is false where it is left out of the update. */
export interface OfSample {
  tokenIds: readonly number[];
  sampleId: string;
  counts: boolean;
}

/**
 * @param where what the numbers are of, if `what` does not say it.
 * @throws UpdateStopped where the number of a token that counts is not finite; it names the token's sample.
 */
export function requireFiniteTokens<C extends OfSample>(
  micro: MicroBatch<C>,
  values: ort.Tensor,
  what: NotFinite['what'],
  where?: string,
): void {
  const found = firstToken(micro, [values]);
  if (!found) return;
  const place = where !== undefined && { where };
  throw new UpdateStopped({ what, value: found.value, samples: [found.sampleId], ...place });
}

/** @throws UpdateStopped with the name of the first metric that is not finite: no record can hold it. */
export function requireFiniteMetrics(metrics: Readonly<Record<string, number>>): void {
  for (const [where, metric] of Object.entries(metrics)) {
    const value = notFiniteValue(metric);
    if (value) throw new UpdateStopped({ what: 'metric', value, where });
  }
}

/**
 * Looks at what a gradient graph gave for a micro-batch: the loss first, since a gradient of one that is not finite
 * adds nothing.
 * @throws UpdateStopped with the sample of the first token whose part of the loss is not finite, or where the graph
 *   shows none, with all samples of the micro-batch.
 */
export function requireFiniteGradients<C extends OfSample>(
  micro: MicroBatch<C>,
  output: Readonly<Record<string, ort.Tensor>>,
): void {
  const stop = (what: NotFinite['what'], value: NotFinite['value'], where?: string) => {
    const parts = ['kl', 'entropy'].flatMap((name) => output[name] ?? []);
    const token = firstToken(micro, parts);
    const all = micro.completions.flat().flatMap(({ sampleId, counts }) => (counts ? [sampleId] : []));
    const samples = token ? [token.sampleId] : [...new Set(all)];
    throw new UpdateStopped({ what, value, samples, ...(where !== undefined && { where }) });
  };
  const loss = notFiniteValue(floats(output.loss)[0]!);
  if (loss) stop('loss', loss);
  for (const [name, tensor] of Object.entries(output)) {
    const value = name.startsWith('grad.') ? firstNotFinite(floats(tensor)) : undefined;
    if (value) stop('gradient', value, name.slice('grad.'.length));
  }
}

/** @throws UpdateStopped with the name of the first parameter that is not finite. */
export function requireFiniteTensors(tensors: FloatTensors, what: NotFinite['what']): void {
  for (const [where, { data }] of tensors) {
    const value = firstNotFinite(data);
    if (value) throw new UpdateStopped({ what, value, where });
  }
}

function firstToken<C extends OfSample>(
  micro: MicroBatch<C>,
  tensors: readonly ort.Tensor[],
): { sampleId: string; value: NotFinite['value'] } | undefined {
  const lists = tensors.map(floats);
  for (const { completion, index } of tokensOf(micro)) {
    if (!completion.counts) continue;
    const value = lists.map((list) => notFiniteValue(list[index]!)).find((one) => one !== undefined);
    if (value) return { sampleId: completion.sampleId, value };
  }
  return undefined;
}
