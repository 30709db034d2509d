import { type Html, html, shortened } from '../core/markup.ts';
import { signed } from './metric-names.ts';
import type { ReportContent } from './report-content.ts';
import type { SampledCompletion, SampledStep } from './sampled-completions.ts';
import { section } from './section.ts';

/** What the policy sampled while it trained, step by step; the page's script shows one step at a time. */
export function completionsSection({ completions, references, records }: ReportContent): Html | undefined {
  const { length } = completions;
  if (length === 0) return undefined;
  const sampled = records.filter(({ scored }) => scored).length;
  const lead =
    sampled > length
      ? `${length} of ${sampled} steps, at even distances.`
      : `Every step that sampled, ${length} in all.`;
  return section(
    'completions',
    'Completions that it was trained on',
    html`
    <p class="lead">${lead} Each group is one video’s; an advantage above 0 makes a completion more likely.</p>
    <div class="tools" hidden><label>Step
      <input type="range" id="step" min="0" max="${length - 1}" value="${length - 1}" step="1"></label>
      <output for="step"></output></div>
    ${completions.map((step) => sampledStep(step, references))}`,
  );
}

function sampledStep({ step, groups, more }: SampledStep, references: ReadonlyMap<string, string>): Html {
  return html`<div class="step" data-step="${step}"><h3>Step ${step}</h3>
    ${groups.map(
      ({ sampleId, prompt, completions, more: others }) => html`<div class="card group">
      <p class="caption">${shortened(references.get(sampleId) ?? '', 400)}
        <small>reference of ${shortened(sampleId, 200)}${prompt !== undefined && `; asked: ${shortened(prompt, 200)}`}
        </small></p>
      <div class="scroll"><table class="results sampled">
      <thead><tr><th scope="col">completion</th>${completions[0]?.scores.map(
        ({ name }) => html`<th scope="col" class="number">${name}</th>`,
      )}<th scope="col" class="number">reward</th><th scope="col" class="number">advantage</th></tr></thead>
      <tbody>${completions.map(row)}</tbody></table></div>
      ${others > 0 && html`<p class="note">… and ${others} more of this group.</p>`}
    </div>`,
    )}
    ${more > 0 && html`<p class="note">… and ${more} more ${more === 1 ? 'group' : 'groups'} of this step.</p>`}
  </div>`;
}

function row({ text, caption, truncated, scores, reward, advantage }: SampledCompletion): Html {
  return html`<tr><td>${
    caption === undefined
      ? html`<span class="none">No caption. It wrote:</span> ${shortened(text, 300) || '(nothing)'}`
      : shortened(caption, 600)
  }${truncated && html`<small>cut off at the token limit</small>`}</td>
    ${scores.map(({ name, value }) => html`<td class="number" data-name="${name}">${number(value)}</td>`)}
    <td class="number" data-name="reward"><b>${number(reward)}</b></td>
    <td class="number ${advantage ? (advantage > 0 ? 'better' : 'worse') : ''}" data-name="advantage">${
      advantage === null || advantage === undefined ? html`–<small>left out</small>` : signed(advantage, 2)
    }</td></tr>`;
}

function number(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toFixed(2);
}
