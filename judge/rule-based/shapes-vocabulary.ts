/**
 * The words of the small world that the rule-based judge understands; the scenes of `datasets/shapes` are made of them.
 */

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

export function isPairAction(action: Action): action is PairAction {
  return (PAIR_ACTIONS as readonly string[]).includes(action);
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
