/** The words of the small world. Everything that is drawn, described, parsed or judged is made of these. */

export const COLOURS = ['red', 'green', 'blue', 'yellow', 'purple', 'white'] as const;
export type Colour = (typeof COLOURS)[number];

export const SHAPES = ['circle', 'square', 'triangle', 'star', 'cross'] as const;
export type Shape = (typeof SHAPES)[number];

export const SIZES = ['small', 'medium', 'large'] as const;
export type Size = (typeof SIZES)[number];

/** What a subject can do alone. */
export const SOLO_ACTIONS = [
  'moves left',
  'moves right',
  'moves up',
  'moves down',
  'grows',
  'shrinks',
  'blinks',
  'moves left, then grows',
] as const;
export type SoloAction = (typeof SOLO_ACTIONS)[number];

/** What a subject can do to another one; the event ends with the other subject's colour and shape. */
export const PAIR_ACTIONS = ['bumps into', 'circles around'] as const;
export type PairAction = (typeof PAIR_ACTIONS)[number];

export const ACTIONS = [...SOLO_ACTIONS, ...PAIR_ACTIONS] as const;
export type Action = SoloAction | PairAction;

/** Actions that leave a subject where it is, so that another one can bump into it or circle around it. */
export const IN_PLACE_ACTIONS = ['grows', 'shrinks', 'blinks'] as const satisfies readonly SoloAction[];

export function isPairAction(action: Action): action is PairAction {
  return (PAIR_ACTIONS as readonly string[]).includes(action);
}

/**
 * Colour-action pairs that only held-out scenes contain: each action once, each colour at least once, so every colour and
 * every action is still seen in training, only never together.
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

/** One event of a scene: a subject and what it does. */
export interface ShapeEvent {
  size: Size;
  colour: Colour;
  shape: Shape;
  action: Action;
  /** Of pair actions only: whom. */
  target?: { colour: Colour; shape: Shape };
}
