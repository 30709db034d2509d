import type { CaptionCounts } from '../judge/read-caption.ts';
import { isWhole, type ParsedEvent, parseCaption } from '../judge/rule-based/parse-caption.ts';

/**
 * Action and object scores of the small world, after CaReBench's idea of scoring what happens and what is there apart.
 * Both are counted by parsing, whichever judge is used.
 *
 * - An **action** is who does what, where colour and shape say who, and for pair actions also whom: `red circle moves
 *   left`. Size does not matter.
 * - An **object** is what something looks like, whatever it does: `small red circle`. Only subjects count, not whom
 *   they do something to.
 *
 * A unit counts once a caption. One that leaves a part out (`circle moves left`) is never right.
 */
export interface ShapeUnits {
  actions: Set<string>;
  objects: Set<string>;
}

export function unitsOf(texts: readonly string[]): ShapeUnits {
  const stated = texts.flatMap(parseCaption);
  return {
    actions: new Set(stated.filter(({ action }) => action).map(actionUnit)),
    objects: new Set(stated.filter(({ size, colour, shape }) => size ?? colour ?? shape).map(objectUnit)),
  };
}

/** Whether a reference's events are those of the small world, so that units can be counted at all. */
export function areShapeEvents(events: readonly string[]): boolean {
  return (
    events.length > 0 && events.every((event) => parseCaption(event).length > 0 && parseCaption(event).every(isWhole))
  );
}

export function unitCounts(reference: ReadonlySet<string>, stated: ReadonlySet<string>): CaptionCounts {
  const hits = [...stated].filter((unit) => reference.has(unit)).length;
  return { events: reference.size, entailed: hits, claims: stated.size, entailedClaims: hits };
}

/** What was not said stands as `?`, which no whole event has. */
function actionUnit({ colour, shape, action, target }: ParsedEvent): string {
  return words([colour, shape, action, ...(target ? [target.colour, target.shape] : [])]);
}

function objectUnit({ size, colour, shape }: ParsedEvent): string {
  return words([size, colour, shape]);
}

function words(parts: readonly (string | undefined)[]): string {
  return parts.map((part) => part ?? '?').join(' ');
}
