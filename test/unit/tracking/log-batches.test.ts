import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATCH_LIMITS, logBatches, metricPoints } from '../../../tracking/log-batches.ts';

const metric = (step: number) => ({ key: 'train/loss', value: 0.5, step, timestamp: 1_780_000_000_000 });
const counted = (n: number) => Array.from({ length: n }, (_, i) => i);
const pairs = (n: number, value: string) => counted(n).map((i) => ({ key: `key.${i}`, value }));

describe('logBatches', () => {
  it('1000 metrics are one request, 1001 are two', () => {
    expect(logBatches({ metrics: counted(1000).map(metric) })).toHaveLength(1);
    expect(logBatches({ metrics: counted(1001).map(metric) }).map(({ metrics }) => metrics.length)).toEqual([1000, 1]);
  });

  it('100 params or tags are one request, 101 are two', () => {
    expect(logBatches({ params: pairs(100, 'x') })).toHaveLength(1);
    expect(logBatches({ params: pairs(101, 'x') })).toHaveLength(2);
    expect(logBatches({ tags: pairs(101, 'x') })).toHaveLength(2);
  });

  it('nothing is no request', () => {
    expect(logBatches({})).toEqual([]);
  });

  it('a value that is too long is cut, with an ellipsis; a key gets only letters that MLflow takes', () => {
    const [batch] = logBatches({ params: [{ key: 'a(b)é', value: 'x'.repeat(6001) }] });
    expect(batch!.params[0]).toEqual({
      key: expect.stringMatching(/^a_b__-[0-9a-f]{8}$/),
      value: `${'x'.repeat(5999)}…`,
    });
  });

  it('two keys stay two, though they differ only in what MLflow does not take', () => {
    const long = 'k'.repeat(250);
    const keys = ['extraBody.é', 'extraBody.ü', 'extraBody._', `${long}.a`, `${long}.b`, long];
    const [batch] = logBatches({ params: keys.map((key) => ({ key, value: '1' })) });
    const logged = batch!.params.map(({ key }) => key);
    expect(new Set(logged).size).toBe(keys.length);
    expect(Math.max(...logged.map(({ length }) => length))).toBe(250);
    expect(logged).toContain(long);
  });

  it('keeps everything, in order, within every limit', () => {
    const lists = fc.record({
      metrics: fc.nat(2500).map((n) => counted(n).map(metric)),
      params: fc.tuple(fc.nat(350), fc.nat(6000)).map(([n, length]) => pairs(n, '语'.repeat(length))),
      tags: fc.tuple(fc.nat(350), fc.nat(8000)).map(([n, length]) => pairs(n, '"'.repeat(length))),
    });
    fc.assert(
      fc.property(lists, (all) => {
        const batches = logBatches(all);
        for (const batch of batches) {
          const { metrics, params, tags } = batch;
          expect(metrics.length).toBeLessThanOrEqual(BATCH_LIMITS.metrics);
          expect(params.length).toBeLessThanOrEqual(BATCH_LIMITS.params);
          expect(tags.length).toBeLessThanOrEqual(BATCH_LIMITS.tags);
          const entities = metrics.length + params.length + tags.length;
          expect(entities).toBeLessThanOrEqual(BATCH_LIMITS.entities);
          expect(entities).toBeGreaterThan(0);
          expect(Buffer.byteLength(JSON.stringify(batch))).toBeLessThan(BATCH_LIMITS.bytes);
        }
        expect(batches.flatMap(({ metrics }) => metrics)).toEqual(all.metrics);
        expect(batches.flatMap(({ params }) => params)).toEqual(all.params);
        expect(batches.flatMap(({ tags }) => tags)).toEqual(all.tags);
      }),
      { numRuns: 15, seed: 1 },
    );
  });
});

describe('metricPoints', () => {
  it('takes step and time from the record, so that a second delivery is the same point', () => {
    const metrics = { 'reward/mean': 1.5, 'train/kl': 0.01 };
    const record = { step: 12, time: 1_780_000_000_123, metrics };
    expect(metricPoints([record])).toEqual([
      { key: 'reward/mean', value: 1.5, step: 12, timestamp: 1_780_000_000_123 },
      { key: 'train/kl', value: 0.01, step: 12, timestamp: 1_780_000_000_123 },
    ]);
    expect(metricPoints([record])).toEqual(metricPoints([record]));
  });

  it('keeps the bounds of intervals out of the way', () => {
    const metrics = { 'eval/eventF1': 50, 'eval/eventF1Low': 45, 'eval/eventF1High': 55 };
    expect(metricPoints([{ step: 0, time: 1, metrics }]).map(({ key }) => key)).toEqual([
      'eval/eventF1',
      'eval-bounds/eventF1Low',
      'eval-bounds/eventF1High',
    ]);
  });
});
