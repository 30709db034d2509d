import type { Identity } from '../../core/identity.ts';
import { machineIdentity } from '../../core/machine.ts';
import { packageVersion } from '../../core/package-version.ts';
import type { EmbeddingModelConfig } from './embedding-config.ts';
import { embeddingFiles } from './embedding-model.ts';

/**
 * What phrases are embedded with on this machine. The model is int8: `onnxruntime` multiplies by the instructions that
 * the processor has. Words are found by Node's tables of Unicode.
 */
export async function embeddingIdentity(named?: EmbeddingModelConfig): Promise<Identity> {
  return {
    ...embeddingFiles(named),
    onnxruntime: await packageVersion('onnxruntime-node'),
    tokenizers: await packageVersion('@huggingface/tokenizers'),
    node: process.version,
    ...(await machineIdentity()),
  };
}
