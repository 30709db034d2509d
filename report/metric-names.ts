import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';

/** How the report names the benchmark's numbers, in the order it shows them. `points` are out of 100. */
export const BENCHMARK_METRICS: readonly { metric: string; title: string; hint: string }[] = [
  { metric: 'eventF1', title: 'Event F1', hint: 'does the caption tell what happens, and only that?' },
  { metric: 'eventRecall', title: 'Event recall', hint: 'share of the reference’s events that the caption tells' },
  {
    metric: 'eventPrecision',
    title: 'Event precision',
    hint: 'share of the caption’s events that the reference tells',
  },
  { metric: 'actionF1', title: 'Action F1', hint: 'who does what' },
  { metric: 'objectF1', title: 'Object F1', hint: 'what is there, and what it looks like' },
  ...REFERENCE_ROWS,
  { metric: 'think', title: 'Think score', hint: 'is the structured analysis right?' },
  { metric: 'format', title: 'Well-formed', hint: 'share of completions in the required form' },
  { metric: 'distinctCaptions', title: 'Distinct captions', hint: '100: no caption is used twice' },
];

export function points(value: number): string {
  return value.toFixed(1);
}

export function signed(value: number, digits = 1): string {
  const text = Math.abs(value).toFixed(digits);
  return `${value < 0 && Number(text) !== 0 ? '−' : '+'}${text}`;
}
