import { type Html, html, shortened, trusted } from '../../core/markup.ts';
import type { ChoiceQuestion, Thought } from '../../core/sample.ts';
import type { Annotation, AnnotationStatistics, CaptionedSample } from './annotation.ts';
import type { Oddity } from './oddities.ts';

/** A sample with what became of it. */
export interface ReviewedSample {
  line: number;
  id: string;
  sample: CaptionedSample;
  /** Absent for samples that were complete before, and those that were not asked about. */
  annotation?: Annotation;
  complete: boolean;
  oddities: Oddity[];
}

/** A page with more samples than this opens slowly in a browser; the odd ones come first. */
const MOST_SHOWN = 2000;

const CSS = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
.grid { display: grid; grid-template-columns: 1fr 1fr 1fr; gap: 1rem; }
@media (max-width: 50rem) { .grid { grid-template-columns: 1fr; } }
article { border-top: 1px solid #8886; padding: .8rem 0; overflow-wrap: anywhere; }
h2 { font-size: .95rem; margin: 0 0 .4rem; font-weight: 600; }
h3 { font-size: .8rem; margin: 0; opacity: .7; font-weight: 600; }
ul, ol { margin: 0; padding-left: 1.2rem; }
.flag { background: #e8a01533; border-radius: .3rem; padding: 0 .4rem; margin-left: .4rem; }
.flag { font-weight: 400; font-size: .85rem; }
.none { background: #d33a3a33; }
`;

/** One page, nothing loaded from elsewhere: every caption beside what was made of it, those worth a look first. */
export function reviewPage(reviewed: readonly ReviewedSample[], statistics: AnnotationStatistics): string {
  const asked = reviewed.filter(({ annotation }) => annotation !== undefined);
  const ordered = asked.toSorted((a, b) => weight(b) - weight(a) || a.line - b.line);
  const shown = ordered.slice(0, MOST_SHOWN);
  const { samples, judge, usage, dataset } = statistics;
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Annotations of ${dataset}</title>
<style>${trusted(CSS)}</style>
<h1>Annotations of ${dataset}</h1>
<p>By ${judge.model} (${judge.endpoint}), prompt ${judge.prompt}.
${samples.annotated} of ${samples.total} samples annotated, ${samples.unscorable} without a usable answer,
${samples.complete} complete before, ${samples.notAsked} not asked.
${usage.calls} calls, ${usage.inputTokens + usage.outputTokens} tokens, ${usage.cost.toFixed(4)} USD.</p>
<p>${samples.odd} look suspicious and come first, after those without an answer.
The checks compare words only.</p>
${shown.map(card)}
${
  shown.length < ordered.length &&
  html`<p>${ordered.length - shown.length} more samples are in the annotated file only.</p>`
}
</html>
`.text;
}

/** Without an answer first, then by the number of oddities. */
function weight({ annotation, oddities }: ReviewedSample): number {
  return annotation?.unscorable === undefined ? oddities.length : Number.POSITIVE_INFINITY;
}

function card({ line, id, sample, annotation = {}, oddities }: ReviewedSample): Html {
  const { unscorable, ...made } = annotation;
  const flags = oddities.map((name) => html`<span class="flag">${name}</span>`);
  const fault = unscorable !== undefined && html`<span class="flag none">no answer: ${unscorable}</span>`;
  const title = html`${id} (line ${line})`;
  const kept = (name: keyof typeof made) => sample[name] && ' (kept from the file)';
  const { thought, events, questions, keyPoints } = { ...made, ...sample };
  return html`<article><h2>${title}${fault}${flags}</h2><div class="grid">
<div><h3>Caption</h3>${shortened(sample.caption, 3000)}</div>
${thought && html`<div><h3>Thought${kept('thought')}</h3>${thoughtList(thought)}</div>`}
${events && html`<div><h3>Events${kept('events')}</h3>${list(events)}</div>`}
${questions && html`<div><h3>Questions${kept('questions')}</h3>${questionList(questions)}</div>`}
${keyPoints && html`<div><h3>Key points${kept('keyPoints')}</h3>${list(keyPoints)}</div>`}
</div></article>
`;
}

function list(items: readonly string[]): Html {
  return html`<ol>${items.map((item) => html`<li>${item}</li>`)}</ol>`;
}

function questionList(questions: readonly ChoiceQuestion[]): Html {
  return html`<ol>${questions.map(
    ({ question, options, answer }) =>
      html`<li>${question}<ul>${options.map(
        (option) => html`<li>${option === answer ? html`<b>${option}</b>` : option}</li>`,
      )}</ul></li>`,
  )}</ol>`;
}

function thoughtList(thought: Thought): Html {
  return html`<ul>${thought.map(
    ({ subject, attributes, actions }) =>
      html`<li><b>${subject}</b>${attributes.length > 0 && ` (${attributes.join(', ')})`}${
        actions.length > 0 && `: ${actions.join('; ')}`
      }</li>`,
  )}</ul>`;
}
