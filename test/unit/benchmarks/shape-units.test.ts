import { describe, expect, test } from 'vitest';
import { areShapeEvents, unitCounts, unitsOf } from '../../../benchmarks/shape-units.ts';

const events = ['a small red circle moves left', 'a large blue square bumps into the red circle'];
const counts = (caption: string, kind: 'actions' | 'objects') =>
  unitCounts(unitsOf(events)[kind], unitsOf([caption])[kind]);

test('units of events', () => {
  expect(unitsOf(events)).toEqual({
    actions: new Set(['red circle moves left', 'blue square bumps into red circle']),
    objects: new Set(['small red circle', 'large blue square']),
  });
});

describe('actions', () => {
  test.each([
    ['the size does not matter', 'A medium red circle moves left.', 1, 1],
    ['colour and shape do', 'A small red square moves left. A small blue circle moves left.', 0, 2],
    ['so does what is done', 'A small red circle moves right.', 0, 1],
    ['and to whom', 'A large blue square bumps into the red star.', 0, 1],
    ['not the size of the target', 'A blue square bumps into the red circle.', 1, 1],
    ['once is enough', 'A red circle moves left. A red circle moves left.', 1, 1],
    ['who is left out is not right', 'Moves left. A circle moves left.', 0, 2],
    ['a mention does nothing', 'A small red circle.', 0, 0],
  ])('%s', (_, caption, told, claims) => {
    expect(counts(caption, 'actions')).toEqual({ events: 2, entailed: told, claims, entailedClaims: told });
  });
});

describe('objects', () => {
  test.each([
    ['what they do does not matter', 'A small red circle grows. A large blue square.', 2, 2],
    ['size, colour and shape do', 'A large red circle. A small red square. A small blue circle.', 0, 3],
    ['what is left out is not right', 'A red circle moves left.', 0, 1],
    ['whom something is done to is no subject', 'A small green star bumps into the blue square.', 0, 1],
    ['two actions of one subject are one object', 'A small red circle moves left and blinks.', 1, 1],
  ])('%s', (_, caption, told, claims) => {
    expect(counts(caption, 'objects')).toEqual({ events: 2, entailed: told, claims, entailedClaims: told });
  });
});

test('events of other worlds have no units', () => {
  expect(areShapeEvents(events)).toBe(true);
  expect(areShapeEvents([...events, 'a dog barks'])).toBe(false);
  expect(areShapeEvents(['a red circle moves left'])).toBe(false);
  expect(areShapeEvents([])).toBe(false);
});
