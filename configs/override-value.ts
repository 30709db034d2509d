import { z } from 'zod';

/** What a field of a config can be set to, by a run's input or by an arm of a sweep. */
export const OverrideValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.array(z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.json())])),
  z.record(z.string(), z.json()), // a whole section, such as {"kind": "sft"}
]);
export type OverrideValue = z.infer<typeof OverrideValue>;
