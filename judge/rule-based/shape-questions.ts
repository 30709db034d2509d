import { type ParsedEvent, parseCaption } from './parse-caption.ts';
import { COLOURS, type Colour, isPairAction, SHAPES, type Shape } from './shapes-vocabulary.ts';

/** What may be asked about one subject of the small world. */
export type ShapeQuestion =
  | { about: 'action' | 'size'; colour: Colour; shape: Shape }
  | { about: 'colour'; shape: Shape };

/** The question as a sentence; `readShapeQuestion` reads it back. */
export function shapeQuestionText(question: ShapeQuestion): string {
  switch (question.about) {
    case 'action':
      return `What does the ${question.colour} ${question.shape} do?`;
    case 'size':
      return `What size is the ${question.colour} ${question.shape}?`;
    case 'colour':
      return `What colour is the ${question.shape}?`;
  }
}

const FORMS = ([] as ShapeQuestion[]).concat(
  SHAPES.map((shape) => ({ about: 'colour', shape })),
  ...COLOURS.flatMap((colour) =>
    SHAPES.flatMap((shape) => [{ about: 'action', colour, shape } as const, { about: 'size', colour, shape } as const]),
  ),
);
const BY_TEXT = new Map(FORMS.map((form) => [shapeQuestionText(form).toLowerCase(), form]));

/** What a sentence asks; `undefined` for one that `shapeQuestionText` does not write. */
export function readShapeQuestion(text: string): ShapeQuestion | undefined {
  return BY_TEXT.get(text.trim().toLowerCase());
}

/**
 * Which option a text gives as the answer: an index, or `null` where the text does not say it, or says different
 * things. A text that names every colour answers no question about colours.
 */
export function chooseOption(text: string, question: ShapeQuestion, options: readonly string[]): number | null {
  const claims = parseCaption(text);
  const said =
    question.about === 'colour'
      ? only(claims.filter(({ shape }) => shape === question.shape).map(({ colour }) => colour))
      : saidOf(claims, question)[question.about];
  const chosen = said === undefined ? -1 : options.findIndex((option) => sayable(option, question.about) === said);
  return chosen < 0 ? null : chosen;
}

/** Whether a text says all that a key point says of its one subject, and nothing else of the same things. */
export function mentions(text: string, { colour, shape, size, ...rest }: KeyPointClaim): boolean {
  const said = saidOf(parseCaption(text), { colour, shape });
  const action = actionOf({ colour, shape, ...rest });
  return (size === undefined || said.size === size) && (action === undefined || said.action === action);
}

/** A subject with its size, or what it does, or both. */
export type KeyPointClaim = ParsedEvent & { colour: Colour; shape: Shape };

/** What a key point says, such as `a small red circle` or `the red circle grows`; `undefined` for other texts. */
export function readKeyPoint(text: string): KeyPointClaim | undefined {
  const [claim, ...more] = parseCaption(text);
  if (!claim || more.length > 0) return undefined;
  const { colour, shape, size, action } = claim;
  if (!colour || !shape || !(size ?? action)) return undefined;
  if (action && isPairAction(action) && !(claim.target?.colour && claim.target.shape)) return undefined;
  return { ...claim, colour, shape };
}

/** What claims say of one subject; absent where they say nothing or different things. */
function saidOf(claims: readonly ParsedEvent[], subject: { colour: Colour; shape: Shape }) {
  const own = claims.filter(({ colour, shape }) => colour === subject.colour && shape === subject.shape);
  return { size: only(own.map(({ size }) => size)), action: only(own.map(actionOf)) };
}

/** An action and its target in one form, whatever the words. */
function actionOf({ action, target }: ParsedEvent): string | undefined {
  return action && [action, target?.colour, target?.shape].filter(Boolean).join(' ');
}

/** An option in the form that it is compared in. */
function sayable(option: string, about: ShapeQuestion['about']): string | undefined {
  if (about !== 'action') return option.trim().toLowerCase();
  const [event] = parseCaption(option);
  return event && actionOf(event);
}

function only<T>(values: readonly (T | undefined)[]): T | undefined {
  const [one, ...others] = new Set(values.filter((value) => value !== undefined));
  return others.length === 0 ? one : undefined;
}
