import { PAPER_ABLATION } from '../benchmarks/paper-tables.ts';
import type { SweepTable } from '../contracts/sweep-results.ts';
import { type Html, html, shortened } from '../core/markup.ts';
import { points, titleOf } from './metric-names.ts';
import { page } from './page.ts';
import { section } from './section.ts';
import { differencesChart, seedsChart } from './sweep-charts.ts';
import type { ClipsOfArms } from './sweep-clips.ts';
import { progressSection, type SweepSoFar, soFarText } from './sweep-progress.ts';
import { SIGNIFICANT } from './sweep-table.ts';
import { readingNote, sharedLines, sweepTables, type TextTable } from './sweep-tables.ts';

/**
 * The result of a sweep as one HTML file. Pure: the same results give the same bytes.
 * @param soFar of a sweep whose table is not made yet: the table is of the runs that have ended.
 */
export function sweepPage(table: SweepTable, clips: readonly ClipsOfArms[], soFar?: SweepSoFar): string {
  const { name, conditions, verdict, warnings, metric } = table;
  const arms = soFar?.arms ?? new Set(conditions.flatMap(({ rows }) => rows.map(({ arm }) => arm))).size;
  const inAll = soFar?.conditions ?? conditions.length;
  const runs = conditions.flatMap(({ rows }) => rows.flatMap(({ seeds }) => seeds)).length;
  return page({
    title: `${name}: sweep report`,
    goesOn: soFar?.goesOn ? 'The sweep goes on.' : undefined,
    content: html`
  <header id="summary">
    <p class="eyebrow">videocap-r1 sweep</p>
    <h1>${name}</h1>
    <p class="facts"><span>${arms} arm${arms !== 1 && 's'}</span>
      <span>${inAll} condition${inAll !== 1 && 's'}</span>
      <span>${soFar ? soFarText(soFar) : `${runs} run${runs === 1 ? '' : 's'} finished`}</span>
      <span>decided by ${metric}</span></p>
    ${verdict.map((sentence) => html`<p class="verdict">${sentence}</p>`)}
    ${warnings.map((warning) => html`<p class="warning"><b>${warning}.</b></p>`)}
  </header>
  ${soFar && progressSection(soFar)}
  ${conditions.map((condition) => conditionCharts(table, condition))}
  ${runs > 0 && sweepTables(table).map(tableSection)}
  ${clips.map((each) => captionsSection(each, table))}
  ${section(
    'how-to-read',
    'How to read this',
    html`
    <p class="lead">${readingNote(table)}</p>
    <p class="lead">What the paper found in its table 3, with another model and other data:</p>
    <ul class="lead">${PAPER_ABLATION.map((sentence) => html`<li>${sentence}</li>`)}</ul>
    ${sharedLines(table).map((line) => html`<p class="lead">${line}.</p>`)}`,
  )}
  ${leftOut(table)}`,
  });
}

function conditionCharts({ metric, reference }: SweepTable, { name, clips, rows }: SweepTable['conditions'][number]) {
  const measured = rows.filter(({ mean }) => mean !== null);
  if (measured.length === 0) return undefined;
  return section(
    idOf('condition', name),
    `${name}: ${clips} held-out clips`,
    html`<div class="charts">
    <figure class="card"><figcaption>${metric}<span>Dots: seeds. Bar: their mean.</span></figcaption>
      ${seedsChart(measured, metric)}</figure>
    ${
      measured.some(({ against }) => against) &&
      html`<figure class="card"><figcaption>Difference to ${reference}<span>Points, with 95% intervals over clips and
      seeds. Full: p &lt; ${SIGNIFICANT} after Holm’s correction. Hollow: may be chance.</span></figcaption>
      ${differencesChart(rows, reference, SIGNIFICANT)}</figure>`
    }</div>`,
  );
}

/** What every arm wrote about the same clips, side by side. */
function captionsSection({ condition, arms, clips, more }: ClipsOfArms, { metric }: SweepTable): Html {
  return section(
    idOf('captions', condition),
    `${condition}: the arms’ captions of the same clips`,
    html`<p class="lead">One run of each arm, with ${titleOf(metric)} of the clip; the clips on which the arms differ
    most come first${more > 0 && `, ${more} more are left out`}.</p>
    <div class="card scroll"><table class="captions">
    <thead><tr><th scope="col">clip</th>${arms.map(
      ({ arm, seed }) => html`<th scope="col">${arm}, seed ${seed}</th>`,
    )}</tr></thead>
    <tbody>${clips.map(
      ({ sampleId, events, answers }) =>
        html`<tr><th scope="row">${shortened(sampleId, 200)}<small>${shortened(
          events.join('; '),
          300,
        )}</small></th>${answers.map(answerCell)}</tr>`,
    )}</tbody></table></div>`,
  );
}

function answerCell(answer: ClipsOfArms['clips'][number]['answers'][number]): Html {
  if (!answer) return html`<td>–</td>`;
  const { caption, score } = answer;
  const written = caption === undefined ? html`<span class="none">No caption.</span>` : shortened(caption, 400);
  return html`<td>${written}<small>${score === undefined ? 'not scored' : points(score)}</small></td>`;
}

function tableSection({ title, note, head, cells }: TextTable): Html {
  const [first, ...others] = head;
  return section(
    idOf('table', title),
    title,
    html`${note && html`<p class="lead">${note}</p>`}
    <div class="card scroll"><table class="results sweep">
    <thead><tr><th scope="col">${first}</th>${others.map(
      (name) => html`<th scope="col" class="number">${name}</th>`,
    )}</tr></thead>
    <tbody>${cells.map(
      ([arm, ...values]) =>
        html`<tr><th scope="row">${arm}</th>${values.map((value) => html`<td class="number">${value}</td>`)}</tr>`,
    )}</tbody></table></div>`,
  );
}

/** Of a heading: names are a person's, and an id has no spaces. */
function idOf(kind: string, name: string): string {
  return `${kind}-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}`;
}

function leftOut({ leftOut: runs }: SweepTable): Html | undefined {
  if (runs.length === 0) return undefined;
  return section(
    'left-out',
    'In no number',
    html`<div class="card scroll"><table>
    <thead><tr><th scope="col">run</th><th scope="col">state</th><th scope="col">why</th></tr></thead>
    <tbody>${runs.map(
      ({ run, state, reason }) =>
        html`<tr><th scope="row">${run}</th><td>${state}</td><td>${shortened(reason, 500)}</td></tr>`,
    )}</tbody></table></div>`,
  );
}
