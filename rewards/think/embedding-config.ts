import { z } from 'zod';

/** `reward.embeddingModel`: a model of one's own that compares phrases. Pure: workflows import it. */
export const EmbeddingModelConfig = z.strictObject({
  /**
   * A folder with a sentence-embedding model for any languages: `model.onnx` or `onnx/model.onnx`, and
   * `tokenizer.json`. Relative to the config's file.
   */
  folder: z.string().min(1).max(1024),
  /**
   * SHA-256 of these files. The worker that resolves a config sets it, so that a run keeps the model that it began
   * with; a config that has it insists on that model.
   */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
export type EmbeddingModelConfig = z.infer<typeof EmbeddingModelConfig>;

const HEX_DIGITS = 12;

/** `multilingual-e5-small (sha256 0123456789ab)`. */
export function embeddingModelName({ folder, sha256 }: EmbeddingModelConfig): string {
  const name = folder.split(/[\\/]/).findLast((part) => part !== '') ?? folder;
  return sha256 === undefined ? name : `${name} (sha256 ${sha256.slice(0, HEX_DIGITS)})`;
}
