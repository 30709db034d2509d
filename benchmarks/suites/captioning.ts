import { z } from 'zod';
import { VideocapError } from '../../core/errors.ts';
import { PromptText } from '../../core/prompt.ts';
import { Decoding } from '../../core/token-filters.ts';
import { FrameOptions } from '../../video/frame-options.ts';

/**
 * How a policy captions a suite's clips, as the suite's authors have it in the script that made their published rows.
 * What the script leaves open (`frames.factor`) is the run's.
 */
export interface AuthorsCaptioning {
  frames: Partial<FrameOptions>;
  maxNewTokens: number;
  /** What differs from taking the likeliest token. */
  decoding: Partial<Decoding>;
  /** The files and lines that this is taken from. */
  source: string;
}

/** The same as a run has it for its held-out clips: `frames`, `prompt` and `benchmark` of its config. */
export const RunCaptioning = z.strictObject({
  prompt: z.string(),
  frames: FrameOptions,
  maxNewTokens: z.int(),
  decoding: Decoding,
});
export type RunCaptioning = z.infer<typeof RunCaptioning>;

/** What a person wants otherwise. */
export const CaptioningConfig = z
  .strictObject({
    /**
     * Whose settings hold where the fields below say nothing: `authors`, those of the benchmark's own script, or `run`,
     * this experiment's `prompt`, `frames` and `benchmark`.
     */
    like: z.enum(['authors', 'run']).default('authors'),
    /** What the policy is asked about every clip, in place of the authors' instruction or instructions. */
    prompt: PromptText.optional(),
    /** Fields of `frames`, such as `count` and `maxPixels`. */
    frames: z.partialRecord(FrameOptions.keyof(), z.union([z.number(), z.string(), z.boolean()])).optional(),
    /** A caption is cut off after so many tokens. */
    maxNewTokens: z.int().min(1).optional(),
    /** How tokens are chosen: `temperature`, `topK`, `topP`, `minP`, `repetitionPenalty`. */
    decoding: z.partialRecord(Decoding.keyof(), z.number()).optional(),
  })
  .superRefine(({ frames = {}, decoding = {} }, context) => {
    const sections = [
      { name: 'frames', read: FrameOptions.safeParse(frames) },
      { name: 'decoding', read: Decoding.safeParse(decoding) },
    ];
    for (const { name, read } of sections)
      for (const issue of read.error?.issues ?? []) {
        // The rate that `maxFrames` bounds may be the run's: `captioningOf` knows.
        if (issue.code === 'custom' && issue.path[0] === 'maxFrames') continue;
        context.addIssue({ ...issue, path: [name, ...issue.path] } as never);
      }
  });
export type CaptioningConfig = z.infer<typeof CaptioningConfig>;

/** How one suite's clips are captioned. */
export const SuiteCaptioning = z.strictObject({
  /** Whose settings these are, but for those in `own`. */
  like: CaptioningConfig.shape.like,
  /** The fields that the user set. */
  own: z.array(z.string()),
  /** The one instruction; absent where every item has the authors' own. */
  prompt: z.string().optional(),
  frames: FrameOptions,
  maxNewTokens: z.int(),
  decoding: Decoding,
});
export type SuiteCaptioning = z.infer<typeof SuiteCaptioning>;

/**
 * The authors' settings, or the run's, with what a person set instead.
 * @throws VideocapError `InvalidConfig` when the parts do not fit together.
 */
export function captioningOf(
  authors: AuthorsCaptioning,
  run: RunCaptioning,
  { like, prompt, frames, maxNewTokens, decoding }: CaptioningConfig = CaptioningConfig.parse({}),
): SuiteCaptioning {
  const base =
    like === 'run'
      ? run
      : {
          frames: { factor: run.frames.factor, ...authors.frames },
          maxNewTokens: authors.maxNewTokens,
          decoding: authors.decoding,
        };
  const own = Object.entries({ prompt, frames, maxNewTokens, decoding }).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return typeof value === 'object' ? Object.keys(value).map((field) => `${name}.${field}`) : [name];
  });
  const asked = prompt ?? (like === 'run' ? run.prompt : undefined);
  const read = SuiteCaptioning.safeParse({
    like,
    own,
    ...(asked !== undefined && { prompt: asked }),
    frames: { ...withoutOther(base.frames, frames), ...frames },
    maxNewTokens: maxNewTokens ?? base.maxNewTokens,
    decoding: { ...base.decoding, ...decoding },
  });
  const issue = read.error?.issues[0];
  if (issue) throw wrong(issue.path.join('.'), issue.message);
  const { topK = 0, topP = 1, minP = 0 } = decoding ?? {};
  if (read.data!.decoding.temperature === 0 && (topK > 0 || topP < 1 || minP > 0))
    throw wrong('decoding', 'set temperature above 0 too: at 0 the likeliest token is taken, whatever else it says');
  return read.data!;
}

/** A number of frames replaces a rate, and a rate a number. */
function withoutOther(
  { count, fps, maxFrames, ...rest }: Partial<FrameOptions>,
  own: CaptioningConfig['frames'] = {},
): Partial<FrameOptions> {
  return {
    ...rest,
    ...(count !== undefined && own.fps === undefined && { count }),
    ...(fps !== undefined && own.count === undefined && { fps, maxFrames }),
  };
}

function wrong(field: string, message: string): VideocapError {
  return new VideocapError('InvalidConfig', `Captioning of the suite, field ${field}: ${message}.`);
}
