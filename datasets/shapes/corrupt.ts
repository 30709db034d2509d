import {
  COLOURS,
  isPairAction,
  PAIR_ACTIONS,
  SHAPES,
  type ShapeEvent,
  SIZES,
  SOLO_ACTIONS,
} from '../../judge/rule-based/shapes-vocabulary.ts';
import { type Chance, chanceAt } from './chance.ts';
import { type Description, describe, eventsOf } from './describe.ts';
import type { Scene } from './scene.ts';

/**
 * How bad web-like references are: shares of events left out, of events with one wrong word, of thoughts that differ
 * from the caption.
 */
export const DROPPED = 0.35;
export const WRONG = 0.08;
const THOUGHT_DIFFERS = 0.15;

/**
 * A reference as the web would have it: events are missing (at least one is kept) and some have a wrong word. The
 * thought comes from the same list as the caption, but now and then from a list of its own. Pure: the scene decides.
 */
export function corruptDescription(scene: Scene): Description {
  const chance = chanceAt(scene.seed, ['shapes', 'corrupt', scene.split, scene.index]);
  const truth = eventsOf(scene);
  const told = describe(corruptEvents(chance, truth));
  if (!chance.happens(THOUGHT_DIFFERS)) return told;
  return { ...told, thought: describe(corruptEvents(chance, truth)).thought };
}

function corruptEvents(chance: Chance, truth: readonly ShapeEvent[]): ShapeEvent[] {
  const spared = chance.pick(truth);
  const drops = truth.map(() => chance.happens(DROPPED));
  const kept = truth.filter((_, i) => !drops[i]);
  return (kept.length > 0 ? kept : [spared]).map((event) => (chance.happens(WRONG) ? spoil(chance, event) : event));
}

/** The same event with exactly one thing wrong. */
function spoil(chance: Chance, event: ShapeEvent): ShapeEvent {
  const other = <T>(items: readonly T[], not: T): T => chance.pick(items.filter((item) => item !== not));
  switch (chance.pick(['size', 'colour', 'shape', 'action'] as const)) {
    case 'size':
      return { ...event, size: other(SIZES, event.size) };
    case 'colour':
      return { ...event, colour: other(COLOURS, event.colour) };
    case 'shape':
      return { ...event, shape: other(SHAPES, event.shape) };
    case 'action':
      return isPairAction(event.action)
        ? { ...event, action: other(PAIR_ACTIONS, event.action) }
        : { ...event, action: other(SOLO_ACTIONS, event.action) };
  }
}
