import type { Action, Colour } from '../../judge/rule-based/shapes-vocabulary.ts';

/**
 * Colour-action pairs that only held-out scenes contain: each action once, each colour at least once, so every colour
 * and every action is still seen in training, only never together.
 */
export const HELD_OUT_PAIRS: readonly (readonly [Colour, Action])[] = [
  ['yellow', 'moves left'],
  ['purple', 'moves right'],
  ['red', 'moves up'],
  ['blue', 'moves down'],
  ['green', 'grows'],
  ['white', 'shrinks'],
  ['red', 'blinks'],
  ['blue', 'moves left, then grows'],
  ['green', 'bumps into'],
  ['purple', 'circles around'],
];

export function isHeldOutPair(colour: Colour, action: Action): boolean {
  return HELD_OUT_PAIRS.some(([c, a]) => c === colour && a === action);
}
