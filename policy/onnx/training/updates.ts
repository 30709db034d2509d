import { VideocapError } from '../../../core/errors.ts';
import { grpoUpdate } from './grpo-update.ts';
import { gspoUpdate } from './gspo-update.ts';
import { sftUpdate } from './sft-update.ts';
import type { Batch, Update } from './update.ts';

/** Every loss that this engine can minimise, by the name that its algorithms give. */
const UPDATES = { grpo: grpoUpdate, gspo: gspoUpdate, sft: sftUpdate };

/** @throws VideocapError `InvalidInput` for a loss that the engine does not have, or a batch of another kind. */
export function updateOf(loss: string, { learnsFrom }: Batch): Update<{ kind: string }, Batch> {
  if (!Object.hasOwn(UPDATES, loss))
    throw new VideocapError(
      'InvalidInput',
      `The onnx engine has no loss "${loss}"; use an algorithm with one of ${Object.keys(UPDATES).join(', ')}.`,
    );
  const update = UPDATES[loss as keyof typeof UPDATES] as unknown as Update<{ kind: string }, Batch>;
  if (update.learnsFrom !== learnsFrom)
    throw new VideocapError(
      'InvalidInput',
      `Loss ${loss} learns from ${update.learnsFrom}, but the batch has ${learnsFrom}; send it ${update.learnsFrom}.`,
    );
  return update;
}
