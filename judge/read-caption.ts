import { z } from 'zod';
import { settled } from '../core/settled.ts';
import type { Judge } from './judge.ts';
import type { Unknown } from './questions/question.ts';
import { Verdict } from './verdict.ts';

/** A sample's reference, in the two forms a caption is compared with. */
export interface Reference {
  caption: string;
  events: string[];
}

/** The judge's verdicts on one caption. */
export const CaptionReading = z.strictObject({
  /** One verdict for each of the reference's events: does the caption entail it? */
  verdicts: z.array(Verdict),
  /** The caption's own events, and for each whether the reference caption entails it. Only where asked for. */
  claims: z.array(z.string()).optional(),
  claimVerdicts: z.array(Verdict).optional(),
});
export type CaptionReading = z.infer<typeof CaptionReading>;

/**
 * A sample's events: its own, or what the judge finds in its caption.
 * @throws VideocapError `InvalidConfig` when the judge cannot read them.
 */
export async function readReference(
  judge: Judge,
  sample: { id: string; caption: string; events?: string[] | undefined },
  signal?: AbortSignal,
): Promise<Reference | Unknown> {
  const outcome = sample.events ? { answer: sample.events } : await judge.extractEvents(sample.caption, signal);
  if (!('answer' in outcome)) return outcome;
  judge.checkReference(sample.id, outcome.answer);
  return { caption: sample.caption, events: outcome.answer };
}

/**
 * Compares a caption with a reference in both directions of AutoDQ (recall: reference events that the caption entails;
 * with `claims`, precision: the caption's own events that the reference entails), or says why that is not known.
 */
export async function readCaption(
  judge: Judge,
  caption: string,
  reference: Reference,
  options: { claims: boolean },
  signal?: AbortSignal,
): Promise<CaptionReading | Unknown> {
  const [entailed, claimed] = await settled([
    judge.entail(caption, reference.events, signal),
    options.claims ? readClaims(judge, caption, reference, signal) : Promise.resolve<Claims>({}),
  ]);
  if (!('answer' in entailed)) return entailed;
  if ('pending' in claimed || 'unscorable' in claimed) return claimed;
  return { verdicts: entailed.answer, ...claimed };
}

type Claims = Pick<CaptionReading, 'claims' | 'claimVerdicts'>;

async function readClaims(
  judge: Judge,
  caption: string,
  reference: Reference,
  signal?: AbortSignal,
): Promise<Claims | Unknown> {
  const extracted = await judge.extractEvents(caption, signal);
  if (!('answer' in extracted)) return extracted;
  const verdicts = await judge.entail(reference.caption, extracted.answer, signal);
  return 'answer' in verdicts ? { claims: extracted.answer, claimVerdicts: verdicts.answer } : verdicts;
}

/** What a judge counted in one caption. */
export interface CaptionCounts {
  /** Events of the reference, and how many of them the caption entails. */
  events: number;
  entailed: number;
  /** The caption's own events, and how many of them the reference entails. Only `f1` needs them. */
  claims?: number;
  entailedClaims?: number;
}

/** The numbers of a reading that rewards and benchmarks are made of: only `entailment` counts, in both directions. */
export function countsOf({ verdicts, claimVerdicts }: CaptionReading): CaptionCounts {
  const entailed = (list: readonly string[]) => list.filter((verdict) => verdict === 'entailment').length;
  return {
    events: verdicts.length,
    entailed: entailed(verdicts),
    ...(claimVerdicts && { claims: claimVerdicts.length, entailedClaims: entailed(claimVerdicts) }),
  };
}
