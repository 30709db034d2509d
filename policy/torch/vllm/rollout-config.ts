import { z } from 'zod';

/** Requests that one server has at a time. It computes them together. */
export const AT_ONCE = 64;

/** `http://10.0.0.2:8000`: where a rollout server listens. Paths, users and queries have no meaning there. */
export const ServerUrl = z
  .url({ protocol: /^https?$/ })
  .max(256)
  .refine((url) => URL.canParse(url) && new URL(url).origin === url, {
    error: 'write scheme, host and port alone, such as http://127.0.0.1:8000',
  });

/** The section `rolloutServers` of `allowed.yaml`: servers that runs may give their policies to. */
export const AllowedServers = z.array(ServerUrl).max(1000);
export type AllowedServers = z.infer<typeof AllowedServers>;

const LocalRollouts = z.strictObject({
  /** The ranks sample by themselves: no server is needed, and it is slow for large models. */
  kind: z.literal('local'),
});

const VllmRollouts = z.strictObject({
  /** Servers of vLLM sample. They are given the policy after each update. */
  kind: z.literal('vllm'),
  /** Addresses of the servers, which share the completions. `allowed.yaml` of the worker must list them. */
  servers: z
    .array(ServerUrl)
    .min(1)
    .max(64)
    .refine((servers) => new Set(servers).size === servers.length, { error: 'list each server once' }),
  /**
   * Weigh each token in the loss by its probability under the policy over that which the server gave it, at most this
   * number (truncated importance sampling). Absent: all weigh the same.
   */
  importanceCap: z.number().min(1).max(100).optional(),
});
export type VllmRolloutConfig = z.infer<typeof VllmRollouts>;

/** What samples completions. */
export const RolloutConfig = z.discriminatedUnion('kind', [LocalRollouts, VllmRollouts]);
