import { expect, test } from 'vitest';
import { ACTIONS, COLOURS, PAIR_ACTIONS, SHAPES, SIZES } from '../../../../judge/rule-based/shapes-vocabulary.ts';

test('has at least 6 colours, 5 shapes, 3 sizes, 10 actions: two between two subjects, one a sequence', () => {
  expect(COLOURS.length).toBeGreaterThanOrEqual(6);
  expect(SHAPES.length).toBeGreaterThanOrEqual(5);
  expect(SIZES.length).toBeGreaterThanOrEqual(3);
  expect(ACTIONS.length).toBeGreaterThanOrEqual(10);
  expect(PAIR_ACTIONS).toHaveLength(2);
  expect(ACTIONS.filter((action) => action.includes('then'))).toHaveLength(1);
});
