import { z } from 'zod';
import { VideocapError } from '../../core/errors.ts';
import { NotWeights, readWeightsHeader } from './weights-header.ts';

/** What the ranks note in a file that holds an adapter alone (`workers/torch/videocap_torch/engine/policy.py`). */
const Metadata = z.object({ videocap_lora: z.string().optional() });
const Adapter = z.object({ rank: z.int(), alpha: z.number(), base: z.string() });
export type Adapter = z.infer<typeof Adapter>;

/**
 * The adapter that a stored file of weights holds; `undefined` where it holds a whole model.
 * @throws VideocapError `CorruptArtifact`.
 */
export async function adapterIn(path: string): Promise<Adapter | undefined> {
  const { metadata } = await readWeightsHeader(path).catch((error: unknown) => {
    if (error instanceof NotWeights)
      throw new VideocapError('CorruptArtifact', `${path} ${error.message}; restore it.`);
    throw error;
  });
  const { videocap_lora: lora } = Metadata.parse(metadata);
  return lora === undefined ? undefined : Adapter.parse(JSON.parse(lora));
}
