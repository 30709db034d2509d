import { z } from 'zod';
import { hasCredentials } from '../../judge/client/credentials.ts';
import { headerNameFault } from '../../judge/client/header-names.ts';
import { CustomName } from './custom-config.ts';

/** An address that a reward may ask, and what it is sent besides the completions. */
export const AllowedUrl = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !hasCredentials(url), 'write no user, password or query into a URL: send secrets as headers'),
  /** Header name -> the environment variable of the worker that has the header's whole value. */
  headers: z
    .record(z.string().regex(/^[A-Za-z0-9-]{1,64}$/), z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/))
    .superRefine((headers, context) => {
      for (const name of Object.keys(headers)) {
        const fault = headerNameFault(name, headers);
        if (fault !== undefined) context.addIssue({ code: 'custom', path: [name], message: fault });
      }
    })
    .default({}),
});
export type AllowedUrl = z.infer<typeof AllowedUrl>;

/** The section `rewards` of `allowed.yaml`: by the name of the custom reward that may use it. */
export const AllowedRewards = z.strictObject({
  /** Paths of `.ts`, `.mts`, `.js` or `.mjs` files, relative to `allowed.yaml`. */
  modules: z.record(CustomName, z.string().regex(/\.m?[jt]s$/)).default({}),
  urls: z.record(CustomName, AllowedUrl).default({}),
});
export type AllowedRewards = z.infer<typeof AllowedRewards>;
