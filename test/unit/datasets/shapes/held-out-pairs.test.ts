import { expect, test } from 'vitest';
import { HELD_OUT_PAIRS, isHeldOutPair } from '../../../../datasets/shapes/held-out-pairs.ts';
import { ACTIONS, COLOURS } from '../../../../judge/rule-based/shapes-vocabulary.ts';

test('holds out every action once and every colour at least once, and leaves both other partners', () => {
  expect(HELD_OUT_PAIRS.map(([, action]) => action).sort()).toEqual([...ACTIONS].sort());
  expect(new Set(HELD_OUT_PAIRS.map(([colour]) => colour))).toEqual(new Set(COLOURS));
  for (const colour of COLOURS) expect(ACTIONS.some((action) => !isHeldOutPair(colour, action))).toBe(true);
  for (const action of ACTIONS) expect(COLOURS.some((colour) => !isHeldOutPair(colour, action))).toBe(true);
});
