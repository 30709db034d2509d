import { type Html, html } from '../core/markup.ts';
import { FIRST } from './held-out-clips.ts';
import type { ReportContent } from './report-content.ts';
import { section } from './section.ts';
import { videoCard } from './video-card.ts';

/** How the page can order the clips, by the name that its script has for it. */
const ORDERS = { picked: 'the run’s seed', changed: 'most changed', best: 'best first', worst: 'worst first' };

/**
 * All held-out clips; the page's script shows the first ones of an order or of a search, and plays those in view.
 * @param madeWith what is said of the captions, as sentences.
 */
export function clipsSection({ clips, config, dataset }: ReportContent, madeWith: string): Html {
  const { length } = clips;
  const isAll = length === dataset.heldOut;
  const orders = Object.entries(ORDERS).filter(([name]) => isPossible(name, clips));
  return section(
    'clips',
    isAll ? `${length} held-out videos` : `${length} of ${dataset.heldOut} held-out videos`,
    html`
    <p class="lead">In an order by the run’s seed, not by result. ${madeWith}</p>
    <div class="tools" hidden>
      <label>Search <input type="search" id="search" placeholder="caption, reference or name"></label>
      <label>Order <select id="order">${orders.map(
        ([name, title]) => html`<option value="${name}">${title}</option>`,
      )}</select></label>
      <output id="found" for="search order"></output>
    </div>
    <div id="cards" data-first="${FIRST}">${clips.map((clip) => videoCard(clip, config))}</div>
    <p class="tools" hidden><button type="button" id="more">Show more</button></p>`,
  );
}

function isPossible(order: string, clips: ReportContent['clips']): boolean {
  if (order === 'changed') return clips.some(({ change }) => change !== undefined);
  return order === 'picked' || clips.some(({ score }) => score !== undefined);
}
