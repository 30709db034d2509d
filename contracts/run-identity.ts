import { z } from 'zod';
import { clipped } from '../core/clipped.ts';
import { type Difference, Identity } from '../core/identity.ts';

/** The parts of a run that may be of another version from one step to the next. */
export const MOVING_PARTS = ['frames', 'engine', 'embedding', 'judge', 'benchmark.judge'] as const;
export const MovingPart = z.enum(MOVING_PARTS);
export type MovingPart = z.infer<typeof MovingPart>;

/** A part has become another one while the run went on. */
const IdentityWarning = z.strictObject({
  part: MovingPart,
  /** The first step that may be different for it. */
  step: z.int().nonnegative(),
  /** For people, with the step, without a full stop. */
  sentence: z.string(),
});

/**
 * What a run has been computed and judged with. Small, since it travels with every step: of each part those that were
 * seen, each once, the one in use last.
 */
export const RunIdentity = z.strictObject({
  seen: z.partialRecord(MovingPart, z.array(Identity)),
  warnings: z.array(IdentityWarning),
});
export type RunIdentity = z.infer<typeof RunIdentity>;

export const NOTHING_SEEN: RunIdentity = { seen: {}, warnings: [] };

/** What is in use at a time, by part: the artifact that a step's record refers to. */
export const IdentityNow = z.partialRecord(MovingPart, Identity);
export type IdentityNow = z.infer<typeof IdentityNow>;

/** What a run is computed and judged with now. */
export function identityNow({ seen }: RunIdentity): IdentityNow {
  const now = MOVING_PARTS.flatMap((part) => {
    const last = seen[part]?.at(-1);
    return last ? [[part, last] as const] : [];
  });
  return Object.fromEntries(now);
}

/**
 * What another run can be compared with: what it decodes, computes and embeds with, as they were last. Its warnings are
 * its own, and it may be judged by another judge on purpose.
 */
export function machinesOf(identity: RunIdentity): RunIdentity {
  const { frames, engine, embedding } = identityNow(identity);
  return {
    seen: {
      ...(frames && { frames: [frames] }),
      ...(engine && { engine: [engine] }),
      ...(embedding && { embedding: [embedding] }),
    },
    warnings: [],
  };
}

/** What a part is called, as the beginning of a clause. */
export const PART_NAMES: Readonly<Record<MovingPart, string>> = {
  frames: 'the decoder of frames',
  engine: 'the policy engine',
  embedding: 'the sentence-embedding model',
  judge: 'the judge',
  'benchmark.judge': 'the judge of benchmarks',
};

/** What a change of it means. */
const MEANINGS: Readonly<Record<MovingPart, string>> = {
  frames: 'frames that are stored stay as they are, and bits of those that are not extracted yet may differ',
  engine: 'bits of completions, captions and weights that are computed from here on may differ',
  embedding: 'think scores and embedding similarities before and after it may not be comparable',
  judge: 'scores before and after it may not be comparable',
  'benchmark.judge': 'benchmarks before and after it may not be comparable',
};

/** `From step 12 on the policy engine is another one (threads 2 -> 4): ...`, for people; without a full stop. */
export function changeSentence(part: MovingPart, step: number, changed: readonly Difference[]): string {
  const facts = changed.map(({ fact, before, after }) => `${fact} ${shortFact(before)} -> ${shortFact(after)}`);
  return `From step ${step} on ${PART_NAMES[part]} is another one (${facts.join(', ')}): ${MEANINGS[part]}`;
}

/** Characters of a fact in a warning, which travels with every step. */
const LONGEST_SHOWN = 80;

function shortFact(value = 'none'): string {
  return clipped(value, LONGEST_SHOWN);
}
