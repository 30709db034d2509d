import { clipped } from '../../core/clipped.ts';
import { sha256 } from '../../core/sha256.ts';
import type { RunCaptioning, SuiteCaptioning } from './captioning.ts';
import type { CaptionsMadeWith } from './made-with.ts';

/** Characters of an instruction in a record; its hash stands for the whole. */
const LONGEST_SHOWN = 300;

/** The record of captions that a policy writes. `instructions`: what it was asked, with repetitions. */
export function madeByPolicy(
  { like, own, frames, maxNewTokens, decoding }: Partial<SuiteCaptioning> & Omit<RunCaptioning, 'prompt'>,
  instructions: readonly string[],
): CaptionsMadeWith {
  const different = [...new Set(instructions)].sort();
  const prompt = {
    ...(different.length === 1 && { text: clipped(different[0]!, LONGEST_SHOWN) }),
    count: different.length,
    sha256: sha256(different.join('\n')),
  };
  return { by: 'policy', prompt, frames, maxNewTokens, decoding, ...(like && { like, own }) };
}
