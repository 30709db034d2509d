import { z } from 'zod';

/** The judge behind a number: a model, and the prompts that it was asked with. A rule-based judge has no prompts. */
export const JudgedBy = z.strictObject({
  model: z.string(),
  prompts: z.array(z.strictObject({ name: z.string(), sha256: z.string() })),
});
export type JudgedBy = z.infer<typeof JudgedBy>;
