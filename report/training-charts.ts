import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';
import type { Evaluation, StepRecord } from '../contracts/run-results.ts';
import { type Html, html } from '../core/markup.ts';
import { componentsOf, type RewardConfig } from '../rewards/registry.ts';
import { lineChart, type Series } from './charts.ts';

interface Panel {
  title: string;
  hint: string;
  metric: string;
  digits: number;
  include?: readonly number[];
}

const BENCHMARKS = [
  { metric: 'eventF1', name: 'event F1', colour: 'var(--accent)' },
  { metric: 'actionF1', name: 'action F1', colour: 'var(--orange)' },
  { metric: 'objectF1', name: 'object F1', colour: 'var(--teal)' },
  ...REFERENCE_ROWS.map(({ metric, title, colour }) => ({ metric, name: title, colour: `var(--${colour})` })),
];

/** Small charts of a run's health, the most important first. */
const PANELS: readonly Panel[] = [
  { title: 'Total reward', hint: 'mean of a step’s completions', metric: 'reward/mean', digits: 2 },
  { title: 'KL to the start policy', hint: 'mean over tokens', metric: 'train/kl', digits: 3, include: [0] },
  { title: 'Entropy', hint: 'near 0: completions hardly vary', metric: 'train/entropy', digits: 3, include: [0] },
  { title: 'Completion length', hint: 'tokens', metric: 'train/completionLength', digits: 0, include: [0] },
  {
    title: 'Groups without differences',
    hint: 'share with equal rewards: no advantage',
    metric: 'reward/uniformShare',
    digits: 2,
    include: [0, 1],
  },
  { title: 'Gradient norm', hint: 'before clipping', metric: 'train/gradNorm', digits: 2, include: [0] },
  { title: 'Loss', hint: 'of the update', metric: 'train/loss', digits: 3 },
  { title: 'Seconds per step', hint: 'wall clock', metric: 'time/stepSeconds', digits: 1, include: [0] },
];
const MOST_PANELS = 6;

/** Large charts of rewards and benchmark over steps, and small ones of the run's health; empty without training. */
export function trainingCharts(
  records: readonly StepRecord[],
  evaluations: readonly Evaluation[],
  reward: RewardConfig,
): Html | undefined {
  const components = componentsOf(reward).map(({ component }) => component);
  // In reverse: the judge's components, the most important ones, come last in the list.
  const rewards = components
    .map(({ name, colour, range }) => ({
      ...{ name, range, colour: `var(--${colour})` },
      points: pointsOf(records, `reward/${name}`),
    }))
    .filter(({ points }) => points.length > 0)
    .reverse();
  const bounds = commonRange(rewards.map(({ range }) => range));
  const benchmarks = BENCHMARKS.map(({ metric, ...look }) => ({
    ...look,
    points: benchmarkPoints(evaluations, metric),
  }));
  const large = [
    figure(
      'Rewards',
      `step means${bounds ? `, each from ${bounds[0]} to ${bounds[1]}` : ''}; lines: moving averages`,
      rewards,
      {
        smooth: true,
        ...(bounds && { include: bounds }),
        digits: 2,
      },
    ),
    evaluations.length > 1 &&
      figure('Benchmark', 'held-out videos, points; bands are 95% intervals', benchmarks, { digits: 1 }),
  ];
  const small = PANELS.map((panel) => ({ ...panel, points: pointsOf(records, panel.metric) }))
    .filter(({ points }) => points.length > 1)
    .slice(0, MOST_PANELS)
    .map(({ title, hint, points, digits, include }) => smallFigure(title, hint, points, digits, include));
  if (small.length === 0 && !large.some(Boolean)) return undefined;
  return html`
    <div class="charts">${large.map((each) => each || undefined)}</div>
    <div class="charts small">${small}</div>`;
}

/** The range that all have; none where they differ: on the scale of the widest, the others would be flat lines. */
function commonRange(ranges: readonly (readonly [number, number])[]): readonly [number, number] | undefined {
  const [first, ...others] = ranges;
  return others.every((range) => `${range}` === `${first}`) ? first : undefined;
}

function figure(
  title: string,
  hint: string,
  all: readonly Series[],
  { digits, ...options }: { digits: number; smooth?: boolean; include?: readonly number[] },
): Html | false {
  const series = all.filter(({ points }) => points.length > 0);
  if (series.length === 0) return false;
  return html`<figure class="card">
    <figcaption><b>${title}</b> <span>${hint}</span></figcaption>
    <p class="legend">${series.map(
      ({ name, colour, points }) =>
        html`<span class="key"><i style="background:${colour}"></i>${name} <b>${points
          .at(-1)!
          .value.toFixed(digits)}</b></span>`,
    )}</p>
    ${lineChart({ label: `${title} over training steps`, series, width: 460, height: 262, digits, ...options })}
  </figure>`;
}

function smallFigure(
  title: string,
  hint: string,
  points: Series['points'],
  digits: number,
  include?: readonly number[],
): Html {
  const series = [{ name: title, colour: 'var(--accent)', points }];
  const label = `${title} over training steps`;
  return html`<figure class="card">
    <figcaption><b>${title}</b> <span>${hint}</span></figcaption>
    <p class="now">${points.at(-1)!.value.toFixed(digits)}</p>
    ${lineChart({ label, series, width: 320, height: 162, smooth: true, digits, ...(include && { include }) })}
  </figure>`;
}

function pointsOf(records: readonly StepRecord[], metric: string): Series['points'] {
  return records.flatMap(({ step, metrics }) => {
    const value = metrics[metric];
    return value === undefined || !Number.isFinite(value) ? [] : [{ step, value }];
  });
}

function benchmarkPoints(evaluations: readonly Evaluation[], metric: string): Series['points'] {
  return evaluations.flatMap(({ step, metrics }) => {
    const value = metrics[metric];
    return value === undefined ? [] : [{ step, value, low: metrics[`${metric}Low`], high: metrics[`${metric}High`] }];
  });
}
