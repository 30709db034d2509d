import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { payloadBytes } from '../../../core/payload-size.ts';
import { shortFailure } from '../../../workers/short-failure.ts';

const LONG = 'x'.repeat(5_000_000);

/** All that Temporal would keep of a failure. */
function bytesOf(error: unknown): number {
  if (!(error instanceof Error)) return 0;
  const { message, stack, cause } = error;
  const details = error instanceof ApplicationFailure ? error.details : [];
  return payloadBytes({ message, stack, details }) + bytesOf(cause);
}

test('message, stack, details and causes of a failure are cut', () => {
  const chain = Array.from({ length: 50 }).reduce<Error>((cause) => new Error(LONG, { cause }), new Error(LONG));
  const failure = ApplicationFailure.create({ message: LONG, details: [LONG], cause: chain, type: 'InvalidInput' });
  expect(shortFailure(failure)).toBe(failure);
  expect(bytesOf(failure)).toBeLessThan(150_000);
  expect(failure).toMatchObject({ type: 'InvalidInput', details: [] });
  expect(failure.message).toMatch(/^x+…$/);
});

test('errors that are their own cause end', () => {
  const error = new Error(LONG);
  error.cause = error;
  expect(bytesOf(shortFailure(error).cause)).toBeLessThan(150_000);
});

test('a short failure stays what it is', () => {
  const cause = new Error('the disk is full');
  const failure = ApplicationFailure.create({ message: 'why', details: [{ step: 3 }], cause });
  const { stack } = failure;
  expect(shortFailure(failure)).toMatchObject({ message: 'why', stack, cause, details: [{ step: 3 }] });
  expect(shortFailure('no error')).toBe('no error');
});
