import type { CaptionedClip } from './completion.ts';
import { distinctIdentities, type Identity, MOST_VERSIONS } from './identity.ts';

/** The versions of an endpoint's model that wrote captions, each once; none where an engine computed them. */
export function writtenBy(captions: readonly Pick<CaptionedClip, 'by'>[]): Identity[] {
  return distinctIdentities(captions.flatMap(({ by }) => (by ? [by] : []))).slice(0, MOST_VERSIONS);
}
