import { PART_NAMES } from '../contracts/run-identity.ts';
import { identityText } from '../core/identity.ts';
import { type Html, html, shortened } from '../core/markup.ts';
import type { ReportContent } from './report-content.ts';

/** What the run was computed and judged with, each version that it has met; nothing where no stage has said it. */
export function identitySection({ identity }: ReportContent): Html | undefined {
  if (!identity) return undefined;
  const rows = Object.entries(identity.seen).flatMap(([part, each]) =>
    each.map(
      (one) => html`<tr><th scope="row">${PART_NAMES[part as keyof typeof PART_NAMES]}</th>
      <td>${shortened(identityText(one), 2000)}</td></tr>`,
    ),
  );
  return html`<section><h2>Made with</h2>
    <p class="lead">${
      identity.warnings.length === 0
        ? 'The same from the first step to the last.'
        : 'Not the same from the first step to the last: the warnings above say what has changed, and where.'
    }</p>
    <div class="card scroll"><table><tbody>${rows}</tbody></table></div>
  </section>`;
}
