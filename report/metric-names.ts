import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';

/** How the report names the benchmark's numbers, in the order it shows them. `points` are out of 100. */
export const BENCHMARK_METRICS: readonly { metric: string; title: string; hint: string }[] = [
  { metric: 'eventF1', title: 'Event F1', hint: 'harmonic mean of event recall and precision' },
  { metric: 'eventRecall', title: 'Event recall', hint: 'share of the reference’s events that the caption entails' },
  {
    metric: 'eventPrecision',
    title: 'Event precision',
    hint: 'share of the caption’s events that the reference entails',
  },
  { metric: 'actionF1', title: 'Action F1', hint: 'subjects with their actions' },
  { metric: 'objectF1', title: 'Object F1', hint: 'subjects with their appearance' },
  ...REFERENCE_ROWS,
  { metric: 'think', title: 'Think score', hint: 'F1 of the structured analysis' },
  { metric: 'format', title: 'Well-formed', hint: 'share of completions in the required form' },
  { metric: 'distinctCaptions', title: 'Distinct captions', hint: '100: all captions differ' },
];

/** What the report calls a metric. */
export function titleOf(metric: string): string {
  return BENCHMARK_METRICS.find((one) => one.metric === metric)?.title ?? metric;
}

export function points(value: number): string {
  return value.toFixed(1);
}

export function signed(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? '−' : '+'}${text}`;
}
