import type { StepRecord } from '../contracts/run-results.ts';
import { clipped } from '../core/clipped.ts';
import { sha256 } from '../core/sha256.ts';
import type { Metric, Param, Tag } from './mlflow-client.ts';

export interface LogBatch {
  metrics: Metric[];
  params: Param[];
  tags: Tag[];
}

/** What one `runs/log-batch` may carry. MLflow refuses the whole batch beyond any of these. */
export const BATCH_LIMITS = { metrics: 1000, params: 100, tags: 100, entities: 1000, bytes: 1_000_000 } as const;
/** Leaves room for the JSON around the entries. */
const BYTES_OF_ENTRIES = BATCH_LIMITS.bytes - 10_000;

const LONGEST_KEY = 250;
const HASH_DIGITS = 8;
const LONGEST_PARAM = 6000;
export const LONGEST_TAG = 8000;

/** Splits what is to be logged into requests that MLflow accepts, in order: params, tags, then metrics. */
export function logBatches({ metrics = [], params = [], tags = [] }: Partial<LogBatch>): LogBatch[] {
  const batches: LogBatch[] = [];
  let open: LogBatch = { metrics: [], params: [], tags: [] };
  let bytes = 0;
  const add = <K extends keyof LogBatch>(kind: K, entry: LogBatch[K][number]) => {
    const size = Buffer.byteLength(JSON.stringify(entry)) + 1;
    const entities = open.metrics.length + open.params.length + open.tags.length;
    const full =
      open[kind].length >= BATCH_LIMITS[kind] ||
      entities >= BATCH_LIMITS.entities ||
      (entities > 0 && bytes + size > BYTES_OF_ENTRIES);
    if (full) {
      batches.push(open);
      open = { metrics: [], params: [], tags: [] };
      bytes = 0;
    }
    (open[kind] as LogBatch[K][number][]).push(entry);
    bytes += size;
  };
  for (const param of params) add('params', { key: keyOf(param.key), value: clipped(param.value, LONGEST_PARAM) });
  for (const tag of tags) add('tags', { key: keyOf(tag.key), value: clipped(tag.value, LONGEST_TAG) });
  for (const metric of metrics) add('metrics', { ...metric, key: keyOf(metric.key) });
  if (open.metrics.length + open.params.length + open.tags.length > 0) batches.push(open);
  return batches;
}

/**
 * The metrics of step records as MLflow's points. Key, step, timestamp and value all come from the record, and together
 * they are a point's identity in MLflow: delivering a record twice leaves one point.
 *
 * Interval bounds go to a group of their own (`eval-bounds/eventF1Low`): MLflow draws a chart a metric and opens the
 * groups of charts by their prefix, where the bounds would separate the numbers that people look for.
 */
export function metricPoints(records: readonly StepRecord[]): Metric[] {
  return records.flatMap(({ step, time, metrics }) =>
    Object.entries(metrics).map(([name, value]) => ({
      key: name.replace(/^eval\/(.+(?:Low|High))$/, 'eval-bounds/$1'),
      value,
      step,
      timestamp: time,
    })),
  );
}

/**
 * MLflow's keys are made of letters, digits and `_ - . : / space`. One that must be changed ends with digits of its
 * hash: two keys stay two, since MLflow refuses a param with another value than it has.
 */
function keyOf(key: string): string {
  const plain = key.replaceAll(/[^\w\-.:/ ]/g, '_');
  if (plain === key && key.length <= LONGEST_KEY) return key;
  const hash = sha256(key).slice(0, HASH_DIGITS);
  return `${plain.slice(0, LONGEST_KEY - HASH_DIGITS - 1)}-${hash}`;
}
