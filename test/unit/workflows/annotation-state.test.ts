import { describe, expect, test } from 'vitest';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { type AnnotationSnapshot, AnnotationState } from '../../../workflows/annotation-state.ts';

const HASH = '0'.repeat(64);
const state = (open: number | undefined, more: Partial<AnnotationSnapshot> = {}) =>
  new AnnotationState({
    runKey: 'r',
    dataset: '/in.jsonl',
    output: '/out.jsonl',
    judge: JudgeConfig.parse({ kind: 'llm', model: 'm', concurrency: 8 }) as AnnotationSnapshot['judge'],
    ...(open !== undefined && { samples: { ref: { uri: 'store:s', sha256: HASH, bytes: 1 }, total: 50, open } }),
    batches: 0,
    annotated: 0,
    unscorable: 0,
    spent: { usd: 0, calls: 0 },
    limits: {},
    ...more,
  });
const done = { annotated: 30, unscorable: 2, usage: { calls: 31, cost: 0.25 } };

describe('AnnotationState', () => {
  test('is finished when every open sample was asked about, answered or not', () => {
    const run = state(40);
    run.advance(done);
    expect([run.done, run.finished]).toEqual([32, false]);
    run.advance({ ...done, annotated: 8, unscorable: 0 });
    expect(run.finished).toBe(true);
    expect(run.snapshot).toMatchObject({ batches: 2, annotated: 38, unscorable: 2, spent: { calls: 62, usd: 0.5 } });
  });

  test('has nothing to do where every sample was complete', () => {
    expect(state(0).finished).toBe(true);
  });

  test('keeps an endpoint busy: several times its concurrency a batch, 16 at least', () => {
    expect(state(40).batchSize).toBe(32);
    expect(state(40, { judge: { ...state(40).snapshot.judge, concurrency: 1 } }).batchSize).toBe(16);
  });

  test('obeys limits that were set on the way', () => {
    const run = state(40);
    expect(run.limit({ judgeBudgetUsd: 2, maxSteps: 32 })).toEqual({ judgeBudgetUsd: 2, maxSteps: 32 });
    expect(run.judge).toMatchObject({ budget: { usd: 2 } });
    run.advance(done);
    expect(run.finished).toBe(true);
  });

  test('says where it is, also before the captions are read and while it waits for a person', () => {
    expect(state(undefined).status({ paused: false })).toMatchObject({ stage: 'captions', step: 0, totalSteps: 0 });
    const run = state(40);
    run.stage = 'annotate';
    run.advance(done);
    expect(run.status({ paused: false })).toMatchObject({
      stage: 'annotate',
      step: 32,
      totalSteps: 40,
      judge: { calls: 31, usd: 0.25 },
    });
    expect(run.status({ paused: false, blocked: 'Set JUDGE_KEY.' })).toMatchObject({
      stage: 'paused: judge',
      blocked: 'Set JUDGE_KEY.',
    });
    expect(run.details({ paused: false, blocked: 'Set JUDGE_KEY.' })).toContain('**Paused: judge.** Set JUDGE_KEY.');
  });
});
