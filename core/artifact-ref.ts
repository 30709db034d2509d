import { z } from 'zod';

/**
 * What workflow history carries instead of data: where an artifact is, what it must hash to, how large it is.
 * `uri` is `store:<key>`, relative to the artifact store's root, so that a store can move or be mounted elsewhere.
 */
export const ArtifactRef = z.strictObject({
  uri: z.string().startsWith('store:'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().nonnegative(),
});
export type ArtifactRef = z.infer<typeof ArtifactRef>;
