import type { Difference } from '../benchmarks/held-out.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import { type Html, html } from '../core/markup.ts';
import { BENCHMARK_METRICS, points, signed } from './metric-names.ts';

type Metrics = Readonly<Record<string, number>>;

/**
 * Base and trained policy on the held-out videos: numbers with 95% intervals, their difference, and both as a picture;
 * who judged, as `judgedBy` says it, and what the captions were made with.
 */
export function resultsTable(
  base: Evaluation,
  trained: Evaluation | undefined,
  differences: Readonly<Record<string, Difference>>,
  judge: string,
): Html {
  const rows = BENCHMARK_METRICS.filter(({ metric }) => base.metrics[metric] !== undefined);
  return html`<div class="scroll"><table class="results">
    <thead><tr>
      <th scope="col">points, 0–100</th>
      <th scope="col" class="number"><span class="dot base"></span>base</th>
      ${
        trained &&
        html`<th scope="col" class="number"><span class="dot trained"></span>step ${trained.step}</th>
      <th scope="col" class="number">difference</th>`
      }
      <th scope="col" class="ruler" aria-hidden="true"><span>0</span><span>50</span><span>100</span></th>
    </tr></thead>
    <tbody>${rows.map(
      ({ metric, title, hint }) => html`<tr>
      <th scope="row">${title}<small>${hint}</small></th>
      <td class="number">${withInterval(base.metrics, metric)}</td>
      ${
        trained &&
        html`<td class="number">${withInterval(trained.metrics, metric)}</td>
      <td class="number difference">${differenceCell(
        base.metrics[metric],
        trained.metrics[metric],
        differences[metric],
      )}</td>`
      }
      <td class="ruler" aria-hidden="true">${ruler(base.metrics, trained?.metrics, metric)}</td>
    </tr>`,
    )}</tbody>
  </table></div>
  <p class="note">${notes(base, trained)} ${judge}.</p>`;
}

/** `better` and `worse` only where the 95% interval of the difference leaves out 0. */
export function judged({ low, high }: Difference): 'better' | 'worse' | 'unclear' {
  if (low > 0) return 'better';
  return high < 0 ? 'worse' : 'unclear';
}

function withInterval(metrics: Metrics, metric: string): Html {
  const [value, low, high] = [metrics[metric], metrics[`${metric}Low`], metrics[`${metric}High`]];
  if (value === undefined) return html`–`;
  if (low === undefined || high === undefined) return html`${points(value)}`;
  return html`${points(value)}<small>${points(low)}–${points(high)}</small>`;
}

function differenceCell(
  base: number | undefined,
  trained: number | undefined,
  difference: Difference | undefined,
): Html {
  if (difference) {
    const interval = `${signed(difference.low)} to ${signed(difference.high)}`;
    return html`<b class="${judged(difference)}">${signed(difference.difference)}</b><small>${interval}</small>`;
  }
  return base === undefined || trained === undefined ? html`–` : html`${signed(trained - base)}`;
}

/** Both values on a scale from 0 to 100, with their intervals as bars. */
function ruler(base: Metrics, trained: Metrics | undefined, metric: string): Html {
  const mark = (kind: 'base' | 'trained', metrics: Metrics | undefined, y: number) => {
    const value = metrics?.[metric];
    if (value === undefined) return undefined;
    const [low, high] = [metrics![`${metric}Low`] ?? value, metrics![`${metric}High`] ?? value];
    return html`<line class="${kind}" x1="${x(low)}" x2="${x(high)}" y1="${y}" y2="${y}"/>
      <circle class="${kind}" cx="${x(value)}" cy="${y}" r="4"/>`;
  };
  return html`<svg viewBox="0 0 220 34" width="220" height="34">
    ${[0, 25, 50, 75, 100].map((at) => html`<line class="grid" x1="${x(at)}" x2="${x(at)}" y1="2" y2="32"/>`)}
    ${mark('base', base, 12)}${mark('trained', trained, 23)}</svg>`;
}

function x(value: number): number {
  return Math.round((8 + 2.04 * Math.min(100, Math.max(0, value))) * 100) / 100;
}

function notes(base: Evaluation, trained: Evaluation | undefined): Html {
  const { clips } = base.metrics;
  const left = [base, ...(trained ? [trained] : [])].map(({ step, metrics: { unscorable } }) =>
    unscorable ? html` <b>At step ${step} the judge could not score ${unscorable}, which are in no mean.</b>` : '',
  );
  const paired = trained ? ' Differences are paired over videos; coloured ones leave out 0.' : '';
  return html`${clips ?? 'All'} held-out videos.${left} Small print: 95% bootstrap intervals over videos.${paired}`;
}
