import type { Action, Colour, Shape, Size } from '../../judge/rule-based/shapes-vocabulary.ts';

/**
 * A subject as it is at the first frame, and what it will do. Positions and lengths in pixels of the 224x224 canvas.
 */
export interface Subject {
  size: Size;
  colour: Colour;
  shape: Shape;
  action: Action;
  x: number;
  y: number;
  radius: number;
  /** How far a moving subject goes. */
  travel: number;
  /** Pair actions: index of the other subject in `Scene.subjects`, and the way there. */
  target?: number;
  course?: { angle: number; distance: number; clockwise: boolean };
}
