import { z } from 'zod';

/** Who judged, without which a number means nothing: a model, and the prompts it was asked with; a rule has none. */
export const JudgedBy = z.strictObject({
  model: z.string(),
  prompts: z.array(z.strictObject({ name: z.string(), sha256: z.string() })),
});
export type JudgedBy = z.infer<typeof JudgedBy>;
