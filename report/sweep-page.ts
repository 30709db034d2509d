import { readFileSync } from 'node:fs';
import { PAPER_ABLATION } from '../benchmarks/paper-tables.ts';
import type { SweepTable } from '../contracts/sweep-results.ts';
import { type Html, html, shortened, trusted } from '../core/markup.ts';
import { differencesChart, seedsChart } from './sweep-charts.ts';
import { SIGNIFICANT } from './sweep-table.ts';
import { readingNote, sharedLines, sweepTables, type TextTable } from './sweep-tables.ts';

const STYLE = readFileSync(new URL('./report.css', import.meta.url), 'utf8');

/** The page fetches nothing and runs nothing, even if a text got past the escaping. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** The result of a sweep as one HTML file. Pure: the same table gives the same bytes. */
export function sweepPage(table: SweepTable): string {
  const { name, conditions, verdict, warnings, metric } = table;
  const arms = new Set(conditions.flatMap(({ rows }) => rows.map(({ arm }) => arm)));
  const runs = conditions.flatMap(({ rows }) => rows.flatMap(({ seeds }) => seeds)).length;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${name}: sweep report</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<main>
  <header>
    <p class="eyebrow">videocap-r1 sweep</p>
    <h1>${name}</h1>
    <p class="facts"><span>${arms.size} arms</span>
      <span>${conditions.length} condition${conditions.length > 1 && 's'}</span>
      <span>${runs} runs finished</span> <span>decided by ${metric}</span></p>
    ${verdict.map((sentence) => html`<p class="verdict">${sentence}</p>`)}
    ${warnings.map((warning) => html`<p class="warning"><b>${warning}.</b></p>`)}
  </header>
  ${conditions.map((condition) => conditionCharts(table, condition))}
  ${sweepTables(table).map(tableSection)}
  <section><h2>How to read this</h2>
    <p class="lead">${readingNote(table)}</p>
    <p class="lead">What the paper found in its table 3, with another model and other data:</p>
    <ul class="lead">${PAPER_ABLATION.map((sentence) => html`<li>${sentence}</li>`)}</ul>
    ${sharedLines(table).map((line) => html`<p class="lead">${line}.</p>`)}
  </section>
  ${leftOut(table)}
  <footer>Made by videocap-r1. This file is complete: it loads nothing and runs nothing.</footer>
</main>
</body>
</html>
`.text;
}

function conditionCharts({ metric, reference }: SweepTable, { name, clips, rows }: SweepTable['conditions'][number]) {
  const measured = rows.filter(({ mean }) => mean !== null);
  if (measured.length === 0) return undefined;
  return html`<section><h2>${name}: ${clips} held-out clips</h2><div class="charts">
    <figure class="card"><figcaption>${metric}<span>Dots: seeds. Bar: their mean.</span></figcaption>
      ${seedsChart(measured, metric)}</figure>
    ${
      measured.some(({ against }) => against) &&
      html`<figure class="card"><figcaption>Difference to ${reference}<span>Points, with 95% intervals over clips and
      seeds. Full: p &lt; ${SIGNIFICANT} after Holm’s correction. Hollow: may be chance.</span></figcaption>
      ${differencesChart(rows, reference, SIGNIFICANT)}</figure>`
    }</div></section>`;
}

function tableSection({ title, note, head, cells }: TextTable): Html {
  const [first, ...others] = head;
  return html`<section><h2>${title}</h2>${note && html`<p class="lead">${note}</p>`}
    <div class="card scroll"><table class="results sweep">
    <thead><tr><th scope="col">${first}</th>${others.map(
      (name) => html`<th scope="col" class="number">${name}</th>`,
    )}</tr></thead>
    <tbody>${cells.map(
      ([arm, ...values]) =>
        html`<tr><th scope="row">${arm}</th>${values.map((value) => html`<td class="number">${value}</td>`)}</tr>`,
    )}</tbody></table></div></section>`;
}

function leftOut({ leftOut: runs }: SweepTable): Html | undefined {
  if (runs.length === 0) return undefined;
  return html`<section><h2>In no number</h2><div class="card scroll"><table>
    <thead><tr><th scope="col">run</th><th scope="col">state</th><th scope="col">why</th></tr></thead>
    <tbody>${runs.map(
      ({ run, state, reason }) =>
        html`<tr><th scope="row">${run}</th><td>${state}</td><td>${shortened(reason, 500)}</td></tr>`,
    )}</tbody></table></div></section>`;
}
