import { z } from 'zod';

/** The embedded engine: `onnxruntime-node` on the CPU. */
export const OnnxConfig = z.strictObject({
  /** ONNX Runtime inside the worker, on the CPU: for models of a few million parameters. */
  kind: z.literal('onnx').default('onnx'),
  /** Part of what makes a run bit-exact: another thread count may round differently. */
  threads: z.int().min(1).max(64).default(2),
});
export type OnnxConfig = z.infer<typeof OnnxConfig>;
