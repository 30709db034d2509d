import { bestSentence } from '../contracts/best.ts';
import { forkSentence } from '../contracts/forked-from.ts';
import { endSentence } from '../contracts/run-end.ts';
import { PART_NAMES } from '../contracts/run-identity.ts';
import { baseAndTrained } from '../contracts/run-results.ts';
import { type RunStarted, startCommand } from '../contracts/run-started.ts';
import { parentage } from '../contracts/start.ts';
import { identityText } from '../core/identity.ts';
import { type Html, html, shortened } from '../core/markup.ts';
import type { ReportContent } from './report-content.ts';
import { section } from './section.ts';

/** What run this is: when and by what it was started, what it was made with, and what it came to. */
export function identitySection(content: ReportContent): Html {
  const { identity, started } = content;
  const parts = Object.entries(identity?.seen ?? {}).flatMap(([part, each]) =>
    each.map((one): Row => [PART_NAMES[part as keyof typeof PART_NAMES], identityText(one)]),
  );
  const rows = [...facts(content), ...parts].map(
    ([name, value]) =>
      html`<tr><th scope="row">${name}</th><td>${typeof value === 'string' ? shortened(value, 2000) : value}</td></tr>`,
  );
  return section(
    'made-with',
    'Made with',
    html`
    ${
      identity &&
      html`<p class="lead">${
        identity.warnings.length === 0
          ? 'The same from the first step to the last.'
          : 'Not the same from the first step to the last: the warnings above say what has changed, and where.'
      }</p>`
    }
    <div class="card scroll"><table class="facts-table"><tbody>${rows}</tbody></table></div>
    ${started && changes(started)}`,
  );
}

type Row = readonly [name: string, value: string | Html];

function facts(content: ReportContent): Row[] {
  const { runKey, started, records, forkedFrom, trainedFrom, end, best, evaluations, dataset } = content;
  const last = records.at(-1);
  const began = started?.time ?? records.find(({ step }) => step > (forkedFrom?.step ?? -1))?.time;
  const { policy } = baseAndTrained(evaluations, best).at(-1)!;
  const rows: (Row | undefined | false)[] = [
    ['run', runKey],
    began !== undefined && ['began', instant(began)],
    last && ['last step', `step ${last.step}, ${instant(last.time)}`],
    end && ['ended', endSentence(end)],
    started && ['command', html`<code>${shortened(startCommand(started), 2000)}</code>`],
    started?.commit !== undefined && ['commit', html`<code>${started.commit}</code>`],
    started && ['versions', identityText(started.versions)],
    started && ['machine', identityText(started.machine)],
    forkedFrom && ['fork of', forkSentence(forkedFrom)],
    trainedFrom && ['trained before', parentage(trainedFrom)],
    ['checkpoint', `${policy.model}, step ${policy.step}, weights ${policy.weights.sha256.slice(0, 12)}`],
    best && ['best', bestSentence(best)],
    ['data set', `${dataset.name}, digest ${dataset.digest.slice(0, 12)}`],
  ];
  return rows.filter((row) => row !== undefined && row !== false);
}

/** `2026-12-01 02:14 UTC`. */
function instant(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** What differs from the config that the run was started with, or from that of the run it was forked from. */
function changes({ config, overrides, named, fork }: RunStarted): Html {
  const from = fork ? `run ${fork.run}` : config;
  const keys = Object.keys(overrides);
  if (keys.length === 0) return html`<p class="note">Nothing differs from ${shortened(from, 300)}.</p>`;
  return html`<div class="card scroll changes"><table>
    <thead><tr><th scope="col">differs from ${shortened(from, 300)}</th><th scope="col">there</th>
    <th scope="col">here</th></tr></thead>
    <tbody>${keys.map(
      (key) => html`<tr><th scope="row"><code>${shortened(key, 200)}</code></th>
      <td>${Object.hasOwn(named, key) ? shown(named[key]) : 'not set'}</td><td>${shown(overrides[key])}</td></tr>`,
    )}</tbody></table></div>`;
}

function shown(value: unknown): string {
  return shortened(typeof value === 'string' ? value : JSON.stringify(value), 500);
}
