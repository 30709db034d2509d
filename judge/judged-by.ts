import { z } from 'zod';
import { Identity, MOST_VERSIONS } from '../core/identity.ts';

/** The judge behind a number: a model, and the prompts that it was asked with. A rule-based judge has no prompts. */
export const JudgedBy = z.strictObject({
  model: z.string(),
  prompts: z.array(z.strictObject({ name: z.string(), sha256: z.string() })),
  /** The versions of the model that gave the answers, as far as its endpoint says; absent: it does not. */
  answeredBy: z.array(Identity).max(MOST_VERSIONS).optional(),
});
export type JudgedBy = z.infer<typeof JudgedBy>;
