import { expect, test } from 'vitest';
import {
  ACTIONS,
  COLOURS,
  HELD_OUT_PAIRS,
  isHeldOutPair,
  PAIR_ACTIONS,
  SHAPES,
  SIZES,
} from '../../../core/shapes-vocabulary.ts';

test('has at least 6 colours, 5 shapes, 3 sizes and 10 actions, two of them between two subjects and one a sequence', () => {
  expect(COLOURS.length).toBeGreaterThanOrEqual(6);
  expect(SHAPES.length).toBeGreaterThanOrEqual(5);
  expect(SIZES.length).toBeGreaterThanOrEqual(3);
  expect(ACTIONS.length).toBeGreaterThanOrEqual(10);
  expect(PAIR_ACTIONS).toHaveLength(2);
  expect(ACTIONS.filter((action) => action.includes('then'))).toHaveLength(1);
});

test('holds out every action once and every colour at least once, and leaves both other partners', () => {
  expect(HELD_OUT_PAIRS.map(([, action]) => action).sort()).toEqual([...ACTIONS].sort());
  expect(new Set(HELD_OUT_PAIRS.map(([colour]) => colour))).toEqual(new Set(COLOURS));
  for (const colour of COLOURS) expect(ACTIONS.some((action) => !isHeldOutPair(colour, action))).toBe(true);
  for (const action of ACTIONS) expect(COLOURS.some((colour) => !isHeldOutPair(colour, action))).toBe(true);
});
