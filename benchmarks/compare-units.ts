import { z } from 'zod';
import { settled } from '../core/settled.ts';
import type { LlmClient } from '../judge/client/llm-client.ts';
import { eventEntailment } from '../judge/questions/event-entailment.ts';
import { keyEventExtraction, type ReadUnits, readUnits, unitsAsListed } from '../judge/questions/event-extraction.ts';
import type { Outcome } from '../judge/questions/question.ts';
import { countsOf } from '../judge/read-caption.ts';
import { Verdict } from '../judge/verdict.ts';
import { clipScore } from './autodq.ts';
import { UNITS_AS_LISTED } from './suites/quirks.ts';

/** One side of a comparison, actions or objects, with every verdict. Scores in [0, 1]. */
export const UnitComparison = z.strictObject({
  recall: z.number(),
  precision: z.number(),
  /** Units of the reference, and whether the caption entails them. */
  reference: z.array(z.string()),
  verdicts: z.array(Verdict),
  /** Units of the caption, and whether the reference entails them. */
  claims: z.array(z.string()),
  claimVerdicts: z.array(Verdict),
});
export type UnitComparison = z.infer<typeof UnitComparison>;

/** How units of one kind are found in a text, and looked for in another. */
export interface UnitQuestions {
  extract(text: string): Promise<Outcome<string[]>>;
  entail(text: string, units: readonly string[]): Promise<Outcome<Verdict[]>>;
}

/** Key events as AutoDQ asks for them: those of DREAM-1K, and CaReBench's actions. */
export function keyEventQuestions(client: LlmClient, keep: ReadUnits, signal: AbortSignal | undefined): UnitQuestions {
  return {
    extract: (text) => client.ask(keyEventExtraction(text, keep), signal),
    entail: (text, events) => client.ask(eventEntailment(text, events), signal),
  };
}

/**
 * AutoDQ in both directions for one kind of unit, as the authors of DREAM-1K and of CaReBench do it: texts in lower
 * case, double quotes made single ones before extraction; units of the file are taken as they are. Only `entailment`
 * counts. An empty list is worth 1 and is not asked about (the authors ask, and do not use the answer). A caption
 * without a word has no units, and is not asked for them: its precision is 1.
 */
export async function compareUnits(
  ask: UnitQuestions,
  captionText: string,
  reference: { caption: string; units: readonly string[] | undefined },
): Promise<Outcome<UnitComparison>> {
  const [caption, referenceCaption] = [captionText.toLowerCase(), reference.caption.toLowerCase()];
  const [listed, claims] = await settled([
    reference.units
      ? Promise.resolve({ answer: [...reference.units] })
      : ask.extract(withSingleQuotes(referenceCaption)),
    caption.trim() === '' ? Promise.resolve({ answer: [] }) : ask.extract(withSingleQuotes(caption)),
  ]);
  if (!('answer' in listed)) return listed;
  if (!('answer' in claims)) return claims;
  const [verdicts, claimVerdicts] = await settled([
    entailment(ask, caption, listed.answer),
    entailment(ask, referenceCaption, claims.answer),
  ]);
  if (!('answer' in verdicts)) return verdicts;
  if (!('answer' in claimVerdicts)) return claimVerdicts;
  return {
    answer: {
      ...clipScore(countsOf({ verdicts: verdicts.answer, claims: claims.answer, claimVerdicts: claimVerdicts.answer })),
      reference: listed.answer,
      verdicts: verdicts.answer,
      claims: claims.answer,
      claimVerdicts: claimVerdicts.answer,
    },
  };
}

async function entailment(ask: UnitQuestions, text: string, units: readonly string[]): Promise<Outcome<Verdict[]>> {
  return units.length === 0 ? { answer: [] } : ask.entail(text, units);
}

function withSingleQuotes(text: string): string {
  return text.replaceAll('"', "'");
}

/** What is kept of the judge's lists under a suite's quirks. */
export function keptUnits(quirks: ReadonlySet<string>): ReadUnits {
  return quirks.has(UNITS_AS_LISTED) ? unitsAsListed : readUnits;
}
