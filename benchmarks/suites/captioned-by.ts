import type { CaptionedClip } from '../../core/completion.ts';
import { writtenBy } from '../../core/written-by.ts';
import type { CaptionsMadeWith } from './made-with.ts';

/** The record of captions, with the models that wrote them where an endpoint did. */
export function captionedBy(made: CaptionsMadeWith, captions: readonly CaptionedClip[]): CaptionsMadeWith {
  const versions = writtenBy(captions);
  return made.by === 'policy' && versions.length > 0 ? { ...made, captionedBy: versions } : made;
}
