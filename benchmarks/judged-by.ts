import { identityText } from '../core/identity.ts';
import type { JudgedBy } from '../judge/judged-by.ts';
import { EVENT_ENTAILMENT } from '../judge/questions/event-entailment.ts';
import { EVENT_EXTRACTION } from '../judge/questions/event-extraction.ts';
import type { Prompt } from '../judge/questions/prompt.ts';

/** What a language model is asked with about held-out clips; a rule-based judge has no prompts. */
export const HELD_OUT_PROMPTS: readonly Prompt[] = [EVENT_EXTRACTION, EVENT_ENTAILMENT];

/** Prompts as results name them. */
export function named(prompts: readonly Prompt[]): JudgedBy['prompts'] {
  return prompts.map(({ name, sha256 }) => ({ name, sha256 }));
}

/** `event-extraction.v1 (sha256 0123456789ab), ...` */
export function promptNames({ prompts }: Pick<JudgedBy, 'prompts'>): string {
  return prompts.map(({ name, sha256 }) => `${name} (sha256 ${sha256.slice(0, 12)})`).join(', ');
}

/** `Judge: gpt-4o-mini; prompts: event-extraction.v1 (sha256 0123456789ab), ...`: what stands by every figure. */
export function judgedBy({ model, prompts }: JudgedBy): string {
  return prompts.length === 0 ? `Judge: ${model}` : `Judge: ${model}; prompts: ${promptNames({ prompts })}`;
}

/** What must be said of numbers that different versions of a judge have made; nothing where one has made all. */
export function judgesDiffer(compared: readonly { judge: JudgedBy; step: number }[]): string | undefined {
  const versions = compared.map(({ judge: { answeredBy = [] }, step }) => ({
    step,
    text: answeredBy.map(identityText).join(' and '),
  }));
  const [first, ...others] = versions.filter(({ text }) => text !== '');
  const other = others.find(({ text }) => text !== first?.text);
  if (!first || !other) return undefined;
  return (
    `Step ${first.step} was judged by ${first.text}, and step ${other.step} by ${other.text}: a part of their ` +
    'difference may come from the judge; `videocap bench` measures both with one version'
  );
}
