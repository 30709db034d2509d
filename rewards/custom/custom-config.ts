import { z } from 'zod';
import { LARGEST, Weight } from '../component.ts';

/** The config section `reward.custom`: rewards of one's own, by name. Pure: workflows import it. */

/** A custom reward's name: in the config, in `allowed.yaml`, in metrics and in tables. */
export const CustomName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/);

const Bound = z.number().min(-LARGEST).max(LARGEST);

/** What every custom reward has, whatever computes it. */
const COMMON = {
  weight: Weight,
  /** Lowest and highest score; a score outside is unscorable. */
  range: z
    .tuple([Bound, Bound])
    .refine(([low, high]) => low < high, 'set the lower one first, such as [0, 1]')
    .default([0, 1]),
};

const ModuleReward = z.strictObject({
  /** A TypeScript or JavaScript file that the owner of the worker allows. */
  kind: z.literal('module'),
  ...COMMON,
  /** Of one completion. */
  timeoutSeconds: z.number().positive().max(600).default(10),
  /**
   * SHA-256 of the module with everything that it imports. The worker that resolves a config sets it, so that a run
   * keeps the code that it began with; a config that has it insists on that code.
   */
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});

const HttpReward = z.strictObject({
  /** A server, in any language, that the owner of the worker allows. */
  kind: z.literal('http'),
  ...COMMON,
  /** Of one request: the completions of one sample. */
  timeoutSeconds: z.number().positive().max(600).default(60),
  /** How long the server may give no answer at all before the run pauses until a person resumes it. */
  patienceSeconds: z.number().positive().default(86_400),
});

export const CustomReward = z.discriminatedUnion('kind', [ModuleReward, HttpReward]);
export type CustomReward = z.infer<typeof CustomReward>;
export type CustomKind = CustomReward['kind'];
export type CustomOf<K extends CustomKind> = Extract<CustomReward, { kind: K }>;
