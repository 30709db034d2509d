import { expect, test } from 'vitest';
import { withinTime } from '../../../core/within-time.ts';

const late = () => new Error('late');

test('gives what was computed, and throws what it threw', () => {
  expect(withinTime(1000, () => 3, late)).toBe(3);
  const fault = new TypeError('wrong');
  expect(() =>
    withinTime(
      1000,
      () => {
        throw fault;
      },
      late,
    ),
  ).toThrow(fault);
});

test.each([
  [
    'a loop without end',
    () => {
      for (;;);
    },
  ],
  ['a regular expression that explodes', () => /(a|aa)+$/.test(`${'a'.repeat(60)}!`)],
  [
    'a loop that catches everything',
    () => {
      for (;;)
        try {
          for (;;);
        } catch {}
    },
  ],
])('ends %s', (_, compute) => {
  expect(() => withinTime(100, compute as () => unknown, late)).toThrow('late');
});

test('a process that stood still once is not the fault of what was computed', () => {
  let tries = 0;
  const stood = () => {
    tries += 1;
    if (tries === 1) for (;;);
    return 'done';
  };
  expect(withinTime(100, stood, late)).toBe('done');
});

test('may be nested', () => {
  expect(withinTime(1000, () => withinTime(1000, () => 1, late) + 1, late)).toBe(2);
});
