import { judgedBy } from '../benchmarks/judged-by.ts';
import { madeWithText } from '../benchmarks/suites/made-with.ts';
import type { Suite } from '../benchmarks/suites/suite.ts';
import { countsLine, fewScored } from '../benchmarks/suites/suite-counts.ts';
import { withBounds } from '../benchmarks/suites/suite-report.ts';
import { suiteNamed } from '../benchmarks/suites/suites.ts';
import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import { type Html, html } from '../core/markup.ts';
import { section } from './section.ts';

/** A table for every published benchmark of a run: its policies first, then what others published. */
export function suiteSections(base: Evaluation, trained: Evaluation | undefined): Html[] {
  const measured = [base, ...(trained ? [trained] : [])].flatMap(({ suites = [] }) => suites);
  const names = [...new Set(measured.map(({ suite }) => suite))];
  return names.map((name) => {
    const ours = measured.filter(({ suite }) => suite === name);
    const warnings = ours.flatMap(({ step, counts, warnings = [] }) =>
      [...fewScored(counts), ...warnings].map((text) => `${policyAt(step)}: ${text}`),
    );
    const made = ours.flatMap(({ step, judge, madeWith }) =>
      madeWith ? [`${policyAt(step)}: ${madeWithText(madeWith, judge.model)}.`] : [],
    );
    const judges = [...new Set(ours.map(({ judge }) => judgedBy(judge)))];
    return section(
      `suite-${name}`,
      suiteNamed(name).title,
      html`<div class="card">
      ${table(suiteNamed(name), ours)}
      ${warnings.map((warning) => html`<p class="note"><b>${warning}</b></p>`)}
      ${made.map((text) => html`<p class="note">${text}</p>`)}
      ${suiteNamed(name).notes?.map((note) => html`<p class="note">${note}</p>`)}
      <p class="note">${judges.join('; ')}. Small print: 95% bootstrap intervals over clips. Published rows come from
      other judges and prompts: they say where numbers should lie, not which model is better. Tables by category and
      every clip are in the benchmark’s own report.</p>
    </div>`,
    );
  });
}

function row(model: Html, note: string, cells: readonly Html[]): Html {
  return html`<tr><th scope="row">${model}<small>${note}</small></th>${cells}</tr>`;
}

function table({ columns, published }: Suite, ours: readonly SuiteEvaluation[]): Html {
  const cells = (metrics: Readonly<Record<string, number>>) =>
    columns.map((column) => html`<td class="number">${withBounds(metrics, column) || '–'}</td>`);
  return html`<div class="scroll"><table class="results">
    <thead><tr><th scope="col">model</th>${columns.map(
      ({ label }) => html`<th scope="col" class="number">${label}</th>`,
    )}</tr></thead>
    <tbody>
    ${ours.map(({ step, metrics, counts }) => row(html`<b>${policyAt(step)}</b>`, countsLine(counts), cells(metrics)))}
    ${published.map(({ model, metrics, source }) => row(html`${model}`, source, cells(metrics)))}
    </tbody>
  </table></div>`;
}

function policyAt(step: number): string {
  return step === 0 ? 'base policy' : `step ${step}`;
}
