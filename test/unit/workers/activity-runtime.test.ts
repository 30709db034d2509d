import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { VideocapError } from '../../../core/errors.ts';
import { asFailure } from '../../../workers/activity-runtime.ts';

const failure = (error: unknown, attempt = 1) => asFailure(error, attempt) as ApplicationFailure;

describe('asFailure', () => {
  it.each([
    'InvalidInput',
    'InvalidConfig',
    'InvalidDataset',
    'InvalidVideo',
    'InvalidModel',
    'ArtifactConflict',
    'MissingTool',
  ] as const)('ends the run on %s', (code) => {
    expect(failure(new VideocapError(code, 'why'))).toMatchObject({ type: code, message: 'why', nonRetryable: true });
  });

  it('waits for what is unavailable', () => {
    expect(failure(new VideocapError('Unavailable', 'down'), 1000)).toMatchObject({
      type: 'Unavailable',
      nonRetryable: false,
    });
  });

  it.each(['ENOSPC', 'EROFS', 'EIO', 'ECONNREFUSED', 'ETIMEDOUT'])(
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

  it('tries a defect again a few times', () => {
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
