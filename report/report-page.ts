import { stringify } from 'yaml';
import { decodingText } from '../benchmarks/benchmark-config.ts';
import type { Difference } from '../benchmarks/held-out.ts';
import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';
import { judgedBy, judgesDiffer } from '../benchmarks/judged-by.ts';
import { captionsText } from '../benchmarks/suites/made-with.ts';
import { bestSentence } from '../contracts/best.ts';
import { BASE_MEASURED_AGAIN } from '../contracts/forked-from.ts';
import { endSentence } from '../contracts/run-end.ts';
import { baseAndTrained, type Evaluation } from '../contracts/run-results.ts';
import { runWarnings } from '../contracts/run-warnings.ts';
import { parentage } from '../contracts/start.ts';
import { type Html, html, link, shortened } from '../core/markup.ts';
import { type NotFinite, notFiniteText } from '../core/not-finite.ts';
import { hasJudge, isLlm } from '../judge/judge-config.ts';
import { gradedBy } from '../rewards/think/graded-by.ts';
import { clipsSection } from './clips-section.ts';
import { completionsSection } from './completions-section.ts';
import { identitySection } from './identity-section.ts';
import { points, signed } from './metric-names.ts';
import { page } from './page.ts';
import type { ReportContent } from './report-content.ts';
import { judged, resultsTable } from './results-table.ts';
import { section } from './section.ts';
import { suiteSections } from './suite-sections.ts';
import { trainingCharts } from './training-charts.ts';
import { type Trained, trainingTime } from './training-time.ts';

/** The report as one HTML file. Pure: the same content gives the same bytes. */
export function reportPage(content: ReportContent): string {
  const { config, records, evaluations, best, forkedFrom, differences, goesOn } = content;
  const [base, trained] = baseAndTrained(evaluations, best) as [Evaluation, Evaluation?];
  const charts = trainingCharts(records, evaluations, config.reward);
  const trainedBy = config.benchmark.judge && trainingJudge(config);
  const by = { model: content.judge.name, prompts: content.judge.prompts };
  const made = [...new Set([base, trained].flatMap((one) => (one?.made ? [captionsText(one.made)] : [])))];
  const figures = [judgedBy(by), ...(made.length > 0 ? [`Made with: ${made.join('; then with: ')}`] : [])].join('. ');
  return page({
    title: `${config.name}: ${config.algorithm.kind.toUpperCase()} report`,
    goesOn: goesOn && 'The run goes on.',
    content: html`
  ${header(content)}
  ${section(
    'results',
    'Held-out benchmark',
    html`
    <div class="card">${resultsTable(base, trained, differences, figures)}</div>`,
  )}
  ${suiteSections(base, trained)}
  ${
    charts &&
    section(
      'training',
      'Training',
      html`
    <p class="lead">${figures}.${trainedBy && ` Rewards are judged by ${trainedBy}.`}${
      forkedFrom && ` Steps up to ${forkedFrom.step} are those of the run that this one was forked from.`
    }</p>${charts}`,
    )
  }
  ${clipsSection(content, `${made.length === 0 ? `Decoding: ${decodingText(config.benchmark)}. ` : ''}${figures}.`)}
  ${completionsSection(content)}
  ${skippedUpdates(content)}
  ${identitySection(content)}
  ${quarantine(content)}
  ${section(
    'config',
    'The experiment',
    html`
    <details class="card config" id="resolved-config"><summary>Resolved config</summary>
    <pre>${stringify(config)}</pre></details>`,
  )}`,
  });
}

/** The numbers at the top, of those that the run has. */
const TILES = [
  ['eventF1', 'Event F1'],
  ['actionF1', 'Action F1'],
  ['objectF1', 'Object F1'],
  ...REFERENCE_ROWS.map(({ metric, title }) => [metric, title] as const),
  ['think', 'Think score'],
] as const;

function header(content: ReportContent): Html {
  const { config, links, judge, dataset, evaluations, trainedFrom, forkedFrom, best, end, differences } = content;
  const { goesOn } = content;
  const [base, trained] = baseAndTrained(evaluations, best) as [Evaluation, Evaluation?];
  const { own, before } = trainingTime(content.records, forkedFrom?.step ?? 0);
  const facts = [
    `${config.algorithm.kind.toUpperCase()}, ${stepsIn(own)}`,
    ...(forkedFrom
      ? [`forked from step ${forkedFrom.step} of ${forkedFrom.run}, which had trained ${stepsIn(before)}`]
      : []),
    ...(forkedFrom?.sameBenchmark === false ? [BASE_MEASURED_AGAIN] : []),
    ...(goesOn ? [`goes on: step ${goesOn.step} of ${goesOn.totalSteps}`] : []),
    ...(end ? [endSentence(end)] : []),
    trainedFrom
      ? `policy ${base.policy.model}, trained before: ${parentage(trainedFrom)}`
      : `policy ${config.policy.model}`,
    `${dataset.name}: ${dataset.train} training, ${dataset.heldOut} held-out videos`,
    ...dataset.sources.map(
      ({ name, samples, share }) => `${name}: ${samples} videos, ${(100 * share).toFixed(1)} % of every batch`,
    ),
    `seed ${config.seed}`,
    ...skippedFact(content.records),
    ...gradedBy(config.reward, (trained ?? base).metrics),
    ...(best ? [`best checkpoint${goesOn ? ' so far' : ', exported'}: ${bestSentence(best)}`] : []),
    ...(best?.endedEarly && !end ? [`ended early: ${best.endedEarly}`] : []),
  ];
  const tiles = TILES.map(([metric, title]) =>
    tile(title, base.metrics[metric], trained?.metrics[metric], differences[metric]),
  );
  return html`<header id="summary">
    <p class="eyebrow">videocap-r1 report</p>
    <h1>${config.name}</h1>
    <p class="facts">${facts.map((fact) => html`<span>${fact}</span> `)}</p>
    ${
      (links.temporal ?? links.mlflow) !== undefined &&
      html`<p class="links">${links.temporal && link(links.temporal, 'Run in Temporal')}${
        links.mlflow && link(links.mlflow, 'Run in MLflow')
      }</p>`
    }
    ${warnings(content).map((sentence) => html`<p class="warning"><b>${sentence}.</b></p>`)}
    <div class="tiles">${tiles}</div>
    <p class="judge ${!judge.isLlm && 'rules'}">${
      !hasJudge(config.judge)
        ? html`<b>No judge.</b> Captions are compared with the words of their references;
          a good caption in other words scores low.`
        : judge.isLlm
          ? html`<b>Judge: ${judge.name}.</b> This model decides each event;
            action and object scores are computed without it.`
          : html`<b>The judge is rule-based and no LLM.</b> It parses captions of the small world of shapes;
            its numbers say nothing about captions of real videos.`
    }${config.benchmark.judge && ` The rewards of training are judged by another: ${trainingJudge(config)}.`}</p>
  </header>`;
}

/** What a reader must know before the numbers. */
function warnings({ evaluations, best, ...warned }: ReportContent): string[] {
  const otherJudge = judgesDiffer(baseAndTrained(evaluations, best));
  return [...runWarnings(warned), ...(otherJudge === undefined ? [] : [otherJudge])];
}

function skippedFact(records: ReportContent['records']): string[] {
  const skipped = records.filter(({ notFinite }) => notFinite).length;
  return skipped === 0 ? [] : [`${skipped} update${skipped === 1 ? '' : 's'} not made: not finite`];
}

/** The judge of the rewards, if the benchmark has another one. */
function trainingJudge({ judge }: ReportContent['config']): string {
  return isLlm(judge) ? judge.model : 'rules, no LLM';
}

function tile(
  title: string,
  base: number | undefined,
  trained: number | undefined,
  difference: Difference | undefined,
) {
  if (base === undefined) return undefined;
  const verdict = difference && judged(difference);
  return html`<div class="tile">
    <p>${title}</p>
    <p class="value">${
      trained === undefined ? points(base) : html`<span>${points(base)} →</span> ${points(trained)}`
    }</p>
    ${
      difference &&
      html`<p class="change ${verdict}">${signed(difference.difference)} <small>${sureness(difference)}</small></p>`
    }
  </div>`;
}

function sureness(difference: Difference): string {
  const { low, high } = difference;
  if (low === 0 && high === 0) return 'no difference';
  return `${judged(difference) === 'unclear' ? 'may be chance' : '95%'}: ${signed(low)} to ${signed(high)}`;
}

/** Steps whose update was not made, if there are any. */
function skippedUpdates({ records }: ReportContent): Html | undefined {
  const skipped = records.flatMap(({ step, notFinite }) => (notFinite ? [{ step, notFinite }] : []));
  if (skipped.length === 0) return undefined;
  const row = ({ step, notFinite }: { step: number; notFinite: NotFinite }) =>
    html`<tr><th scope="row">${String(step)}</th><td>${shortened(notFiniteText(notFinite), 500)}</td></tr>`;
  const listed = skipped.slice(0, 200);
  return section(
    'skipped',
    'Updates that were not made',
    html`
    <p class="lead">${skipped.length} of ${records.length - 1} steps had a number that was not finite, and kept the
    policy of the step before.</p>
    <div class="card scroll"><table>
    <thead><tr><th scope="col">step</th><th scope="col">what was not finite</th></tr></thead>
    <tbody>${listed.map(row)}</tbody></table>
    ${skipped.length > listed.length && html`<p class="note">… and ${skipped.length - listed.length} more.</p>`}</div>`,
  );
}

function quarantine({ quarantined }: ReportContent): Html {
  if (quarantined.length === 0)
    return section('quarantine', 'Quarantine', html`<p class="lead">Empty: every sample could be used.</p>`);
  const listed = quarantined.slice(0, 200);
  return section(
    'quarantine',
    'Quarantine',
    html`
    <p class="lead">${quarantined.length} sample${quarantined.length === 1 ? '' : 's'} could not be used;
    the run left them out.</p>
    <div class="card scroll"><table><thead><tr><th scope="col">sample</th><th scope="col">why</th></tr></thead>
    <tbody>${listed.map(
      ({ id, reason }) => html`<tr><th scope="row">${shortened(id, 200)}</th><td>${shortened(reason, 500)}</td></tr>`,
    )}</tbody></table>
    ${
      quarantined.length > listed.length &&
      html`<p class="note">… and ${quarantined.length - listed.length} more, in the dataset’s manifest.</p>`
    }</div>`,
  );
}

function stepsIn({ steps, seconds }: Trained): string {
  return `${steps} step${steps === 1 ? '' : 's'}${seconds > 0 ? ` in ${duration(seconds)}` : ''}`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
