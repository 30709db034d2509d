import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { VideocapError } from '../../../core/errors.ts';
import { ActivityRuntime, asFailure } from '../../../workers/activity-runtime.ts';
import { outage, reportProgress } from '../../../workers/current-attempt.ts';

const failure = (error: unknown, unexpected = 1) => asFailure(error, unexpected) as ApplicationFailure;

describe('asFailure', () => {
  it.each([
    'InvalidInput',
    'InvalidConfig',
    'InvalidDataset',
    'InvalidVideo',
    'InvalidModel',
    'ArtifactConflict',
    'MissingTool',
    'JudgeBlocked',
  ] as const)('ends the run on %s', (code) => {
    expect(failure(new VideocapError(code, 'why'))).toMatchObject({ type: code, message: 'why', nonRetryable: true });
  });

  it('waits for what is unavailable', () => {
    expect(failure(new VideocapError('Unavailable', 'down'), 1000)).toMatchObject({
      type: 'Unavailable',
      nonRetryable: false,
    });
  });

  it.each(['ENOSPC', 'EROFS', 'EDQUOT', 'EACCES', 'EPERM', 'EIO', 'ECONNREFUSED', 'ETIMEDOUT'])(
    'waits for %s to pass, however often it comes',
    (code) => {
      expect(failure(Object.assign(new Error('x'), { code }), 1000)).toMatchObject({
        type: 'Unavailable',
        nonRetryable: false,
      });
    },
  );

  it('ends the run on a stage input that breaks the contract', () => {
    const { error } = z.object({ a: z.number() }).safeParse({});
    expect(failure(error)).toMatchObject({ type: 'InvalidStageInput', nonRetryable: true });
  });

  it('tries a defect again a few times in a row', () => {
    expect(failure(new TypeError('x'), 1).nonRetryable).toBe(false);
    expect(failure(new TypeError('x'), 5).nonRetryable).toBe(true);
  });

  it('passes cancellation and ready-made failures on', () => {
    const cancelled = new CancelledFailure('stop');
    expect(asFailure(cancelled, 1)).toBe(cancelled);
    expect(asFailure(Object.assign(new Error('aborted'), { name: 'AbortError' }), 1)).toBeInstanceOf(CancelledFailure);
    const ready = ApplicationFailure.nonRetryable('x');
    expect(asFailure(ready, 1)).toBe(ready);
  });
});

describe('heartbeats', () => {
  it.each([
    [400, 3, 10],
    [12_000, 1, 1],
    [0, 1, 1],
  ])('with a time-out of %i ms are %i to %i in 400 ms', async (heartbeatTimeoutMs, least, most) => {
    const environment = new MockActivityEnvironment({ heartbeatTimeoutMs });
    let seen = 0;
    environment.on('heartbeat', () => seen++);
    const runtime = new ActivityRuntime(environment.context);
    await environment.run(() => runtime.execute({ args: [], headers: {} }, () => sleep(400)));
    expect(seen).toBeGreaterThanOrEqual(least);
    expect(seen).toBeLessThanOrEqual(most);
  });
});

describe('outage', () => {
  const attempt = (info: object, work: () => void, fail = false) => {
    const beats: unknown[] = [];
    const environment = new MockActivityEnvironment({
      scheduledTimestampMs: 1000,
      heartbeatDetails: undefined,
      ...info,
    });
    environment.on('heartbeat', (details) => beats.push(details));
    const run = async () => {
      work();
      if (fail) throw new VideocapError('Unavailable', 'down');
    };
    const runtime = new ActivityRuntime(environment.context);
    const execute = () => runtime.execute({ args: [], headers: {} }, run);
    return environment.run(execute).then(
      () => beats,
      () => beats,
    );
  };

  it('is since the activity was first scheduled, until an answer comes', async () => {
    const seen: number[] = [];
    const before = Date.now();
    await attempt({}, () => {
      seen.push(outage.since());
      outage.answered();
      seen.push(outage.since());
    });
    expect(seen[0]).toBe(1000);
    expect(seen[1]).toBeGreaterThanOrEqual(before);
  });

  it('continues over attempts: a failed one tells the next when its last answer came', async () => {
    const last = (await attempt({}, () => outage.answered(), true)).at(-1) as { answeredAt: number };
    const seen: number[] = [];
    const beats = await attempt({ heartbeatDetails: last }, () => seen.push(outage.since()), true);
    expect(seen).toEqual([last.answeredAt]);
    expect(beats.at(-1)).toMatchObject({ answeredAt: last.answeredAt });
  });

  it('is not shortened by work that is only looked up again', async () => {
    const seen: number[] = [];
    const progress = { done: 5, total: 10, what: 'captions judged' };
    const beats = await attempt(
      { heartbeatDetails: { answeredAt: 5000 } },
      () => {
        reportProgress(progress);
        seen.push(outage.since());
      },
      true,
    );
    expect(seen).toEqual([5000]);
    expect(beats.at(-1)).toMatchObject({ ...progress, answeredAt: 5000 });
  });
});
