import { expect, it } from 'vitest';
import { duration, seconds } from '../../../core/duration.ts';

it.each([
  [-1, '0 s'],
  [0.4, '0 s'],
  [59.4, '59 s'],
  [59.6, '1 min 00 s'],
  [200, '3 min 20 s'],
  [3599.7, '1 h 00 min'],
  [3720, '1 h 02 min'],
  [90_000, '25 h 00 min'],
])('%f seconds to wait are %s', (value, text) => {
  expect(duration(value)).toBe(text);
});

it.each([
  [0.04, '0.0 s'],
  [24.06, '24.1 s'],
  [125, '2 min 05 s'],
])('%f seconds of work are %s', (value, text) => {
  expect(seconds(value)).toBe(text);
});
