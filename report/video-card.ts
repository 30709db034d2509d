import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { parseCompletion } from '../core/completion.ts';
import { type Html, html, shortened } from '../core/markup.ts';
import type { Thought } from '../core/sample.ts';
import { weightsOf } from '../rewards/combine-rewards.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import { fragmentOf, type Segment } from '../video/segment.ts';
import type { Answer, HeldOutClip } from './held-out-clips.ts';
import { points, signed, titleOf } from './metric-names.ts';

/**
 * One video: what it shows, what the policy saw of it, the reference, and both policies' answers with what they earned.
 */
export function videoCard(
  { sample, video, frames, framesNote, base, trained, metric, score, change }: HeldOutClip,
  config: ExperimentConfig,
): Html {
  return html`<article class="card video" aria-label="${sample.id}" data-score="${score?.toFixed(3)}"
    data-change="${change?.toFixed(3)}">
    <div class="seen">
      ${
        video &&
        html`<video src="${video}${fragmentOf(sample)}"
        aria-label="Video ${sample.id}" controls loop muted playsinline preload="none"></video>`
      }
      ${
        frames &&
        html`<figure><img src="${frames}" alt="Frames of ${sample.id}, in time" loading="lazy">
        <figcaption>what the policy saw${framesNote && html`: ${framesNote}`}</figcaption></figure>`
      }
      <p class="id">${sample.id}</p>
      ${
        score !== undefined &&
        html`<p class="id">${titleOf(metric!)} ${points(score)}${
          change !== undefined && `, ${signed(change)} by training`
        }</p>`
      }
      ${segmentText(sample) && html`<p class="id">${segmentText(sample)}</p>`}
      ${base.prompt !== undefined && html`<p class="id">asked: ${shortened(base.prompt, 400)}</p>`}
    </div>
    <div class="said">
      <section class="answer reference">
        <h3>Reference</h3>
        <p class="caption">${shortened(sample.caption)}</p>
        ${sample.thought && thoughtDetails(sample.thought)}
      </section>
      ${answer('base', base, config)}
      ${trained && answer('trained', trained, config)}
    </div>
  </article>`;
}

function segmentText({ start, end }: Segment): string | undefined {
  if (start === undefined && end === undefined) return undefined;
  return `seconds ${start ?? 0} to ${end ?? 'the end'} of the video`;
}

function answer(kind: 'base' | 'trained', { step, text, result }: Answer, { reward, prompt }: ExperimentConfig): Html {
  const { caption, thought } = parseCompletion(text, prompt.output);
  const wantsThought = caption !== undefined && prompt.output === 'structured';
  return html`<section class="answer ${kind}">
    <h3><span class="dot ${kind}"></span>${kind === 'base' ? 'Base' : `Trained, step ${step}`}
    ${rewardText(result, reward)}</h3>
    ${
      caption === undefined
        ? html`<p class="caption none">No caption. It wrote:</p><pre>${shortened(text, 400) || '(nothing)'}</pre>`
        : html`<p class="caption">${shortened(caption)}</p>`
    }
    ${result && eventMarks(result)}
    ${thought ? thoughtDetails(thought) : wantsThought && html`<p class="none">No readable thought.</p>`}
  </section>`;
}

type Result = NonNullable<Answer['result']>;

/** The reward of this completion, by component. */
function rewardText(result: Result | undefined, reward: RewardConfig): Html | undefined {
  if (!result) return undefined;
  const parts = Object.entries(weightsOf(reward))
    .filter(([, weight]) => weight > 0)
    .map(([name, weight]) => ({ name, weight, value: result.rewards[name] }));
  const total = parts.reduce((sum, { value, weight }) => sum + weight * (value ?? Number.NaN), 0);
  return html`<span class="reward">
    ${parts.map(({ name, value }) => html`<span>${name} ${value?.toFixed(2) ?? '–'}</span> `)}
    <b>reward ${Number.isNaN(total) ? '–' : total.toFixed(2)}</b></span>`;
}

/** The reference's events, entailed or missed, and the caption's claims that the reference does not entail. */
function eventMarks({ events = [], reading, caption, unscorable, references }: Result): Html | undefined {
  if (unscorable !== undefined) return html`<p class="none">Not scored: ${shortened(unscorable, 300)}</p>`;
  const invented = (reading?.claims ?? []).filter((_, i) => reading?.claimVerdicts?.[i] !== 'entailment');
  if (events.length === 0) return referenceScores(references);
  return html`<ul class="events">
    ${events.map((event, i) => mark(reading?.verdicts[i] === 'entailment' ? 'entailed' : 'missed', event))}
    ${caption !== undefined && invented.map((claim) => mark('invented', claim, 'not in the reference'))}
  </ul>`;
}

function mark(kind: 'entailed' | 'missed' | 'invented', text: string, label: string = kind): Html {
  return html`<li class="${kind}">${shortened(text, 200)}<small>${label}</small></li>`;
}

/** The reference metrics of this caption, which need no judge. */
function referenceScores(references: Result['references'] = {}): Html | undefined {
  const scored = REFERENCE_ROWS.flatMap(({ metric, title }) => {
    const measured = references[metric];
    return measured ? [`${title} ${measured.score.toFixed(2)}`] : [];
  });
  return scored.length > 0 ? html`<p class="none">${scored.join(', ')}</p>` : undefined;
}

function thoughtDetails(thought: Thought): Html {
  const shown = thought.slice(0, 12);
  return html`<details><summary>thought: ${thought.length} subject${thought.length === 1 ? '' : 's'}</summary>
    <table class="thought"><tbody>${shown.map(
      ({ subject, attributes, actions }) => html`<tr>
      <th scope="row">${shortened(subject, 100)}</th>
      <td>${shortened(attributes.join(', '), 200)}</td>
      <td>${shortened(actions.join('; '), 200)}</td></tr>`,
    )}</tbody></table>
    ${thought.length > shown.length && html`<p class="none">… and ${thought.length - shown.length} more</p>`}
  </details>`;
}
