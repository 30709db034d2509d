import { z } from 'zod';
import { Identity, identityText, MOST_VERSIONS } from '../../core/identity.ts';
import { Decoding } from '../../core/token-filters.ts';
import { FrameOptions } from '../../video/frame-options.ts';
import { decodingText } from '../benchmark-config.ts';

/** What a policy was asked about the clips. */
const Asked = z.strictObject({
  /** The instruction, where there is one for all clips; a long one loses its end. */
  text: z.string().optional(),
  /** Different instructions. */
  count: z.int(),
  /** Of the instructions, each once, in alphabetical order, a line each. */
  sha256: z.string(),
});

/** What the captions behind a figure were made with: two figures with different ones compare more than two policies. */
export const CaptionsMadeWith = z.union([
  z.strictObject({
    by: z.literal('policy'),
    prompt: Asked,
    frames: FrameOptions,
    maxNewTokens: z.int(),
    decoding: Decoding,
    /**
     * Of a suite: settings are its authors', or the run's, but for those in `own`, which the user set. Absent of
     * held-out clips, whose settings are always the run's.
     */
    like: z.enum(['authors', 'run']).optional(),
    own: z.array(z.string()).optional(),
    /** The versions of an endpoint's model that wrote the captions; absent where an engine computed them. */
    captionedBy: z.array(Identity).max(MOST_VERSIONS).optional(),
  }),
  z.strictObject({ by: z.literal('file'), file: z.string(), sha256: z.string(), captions: z.int() }),
]);
export type CaptionsMadeWith = z.infer<typeof CaptionsMadeWith>;

/** The record beside every figure of a suite, with the judge's in `JudgedBy`. */
export const MadeWith = z.strictObject({
  captions: CaptionsMadeWith,
  quirks: z.array(z.string()),
  variants: z.array(z.string()),
});
export type MadeWith = z.infer<typeof MadeWith>;

/** `Made with: prompt "Describe the video." (sha256 0123456789ab), 16 frames of ...; judge m; quirks none`. */
export function madeWithText({ captions, quirks, variants }: MadeWith, judge: string): string {
  return [
    heldOutMadeWithText(captions, judge),
    `quirks ${quirks.length === 0 ? 'none' : quirks.join(', ')}`,
    ...(variants.length === 0 ? [] : [`own variants ${variants.join(', ')}`]),
  ].join('; ');
}

/** The same of held-out clips, which have no authors: what stands by every figure of theirs. */
export function heldOutMadeWithText(captions: CaptionsMadeWith, judge: string): string {
  return `Made with: ${captionsText(captions)}; judge ${judge}`;
}

/** How captions were made, in one line. */
export function captionsText(made: CaptionsMadeWith): string {
  if (made.by === 'file') return `${made.captions} captions of ${made.file} (sha256 ${made.sha256.slice(0, DIGITS)})`;
  const { prompt, frames, maxNewTokens, decoding, like, own = [], captionedBy = [] } = made;
  const hash = `sha256 ${prompt.sha256.slice(0, DIGITS)}`;
  const asked = prompt.text === undefined ? `${prompt.count} prompts (${hash})` : `prompt "${prompt.text}" (${hash})`;
  const whose = like === 'authors' ? "the authors' settings" : "the run's settings";
  return [
    asked,
    framesText(frames),
    `at most ${maxNewTokens} tokens`,
    decodingText(decoding),
    ...(like === undefined ? [] : [own.length === 0 ? whose : `${whose} but for ${own.join(', ')}`]),
    ...(captionedBy.length === 0 ? [] : [`captioned by ${captionedBy.map(identityText).join(' and ')}`]),
  ].join(', ');
}

/** `16 frames, both ends among them, of 784 to 460800 pixels`; `2 frames a second, at most 64, of about 7056 pixels` */
function framesText({ count, fps, maxFrames, sampling, minPixels, maxPixels }: FrameOptions): string {
  const number = fps === undefined ? `${count} frames` : `${fps} frames a second, at most ${maxFrames},`;
  const ends = sampling === 'ends' ? `${fps === undefined ? ',' : ''} both ends among them,` : '';
  const pixels = minPixels === maxPixels ? `about ${maxPixels}` : `${minPixels} to ${maxPixels}`;
  return `${number}${ends} of ${pixels} pixels`;
}

const DIGITS = 12;
