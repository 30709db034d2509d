import { sha256 } from '../../core/sha256.ts';
import type { RunCaptioning, SuiteCaptioning } from './captioning.ts';
import type { CaptionsMadeWith } from './made-with.ts';

/** The record of captions that a policy writes. `instructions`: what it was asked, with repetitions. */
export function madeByPolicy(
  { like, own, frames, maxNewTokens, decoding }: Partial<SuiteCaptioning> & Omit<RunCaptioning, 'prompt'>,
  instructions: readonly string[],
): CaptionsMadeWith {
  const different = [...new Set(instructions)].sort();
  const prompt = {
    ...(different.length === 1 && { text: different[0]! }),
    count: different.length,
    sha256: sha256(different.join('\n')),
  };
  return { by: 'policy', prompt, frames, maxNewTokens, decoding, ...(like && { like, own }) };
}
