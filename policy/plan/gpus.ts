import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** What a plan takes of a GPU, from its maker's data sheet. */
const Gpu = z.strictObject({
  title: z.string(),
  /** 10^9 bytes. */
  memoryGB: z.number(),
  /** 10^12 operations a second in bfloat16, without sparsity. */
  bf16TFLOPS: z.number(),
  bandwidthGBs: z.number(),
  source: z.string(),
});
export type Gpu = z.infer<typeof Gpu>;

/** By the name that `--gpu` takes. */
export const GPUS = z
  .record(z.string(), Gpu)
  .parse(JSON.parse(readFileSync(new URL('./gpus.json', import.meta.url), 'utf8')));
