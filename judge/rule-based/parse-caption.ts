import {
  ACTIONS,
  type Action,
  COLOURS,
  type Colour,
  isPairAction,
  SHAPES,
  type Shape,
  type ShapeEvent,
  SIZES,
  type Size,
} from './shapes-vocabulary.ts';

/**
 * An event as far as a caption gives it. What is missing was not said; without `action`, the subject is only mentioned.
 */
export interface ParsedEvent {
  size?: Size;
  colour?: Colour;
  shape?: Shape;
  action?: Action;
  /** Of pair actions: whom, as far as said. */
  target?: { size?: Size; colour?: Colour; shape?: Shape };
}

type Phrase = Pick<ParsedEvent, 'size' | 'colour' | 'shape'>;

/**
 * Reads a caption of this world back into events, in the text's order. Forgives case, punctuation, articles, missing
 * words and other forms of the verbs; words it does not know are ignored. A subject holds until the next one is
 * named, so that "a red circle moves left and blinks" is two events of one circle. Pure; never throws.
 *
 * For every scene, `parseCaption(describe(eventsOf(scene)).caption)` equals `eventsOf(scene)`.
 */
export function parseCaption(caption: string): ParsedEvent[] {
  const words = wordsOf(caption);
  const events: ParsedEvent[] = [];
  let subject: Phrase | undefined;
  let emitted = true;
  const mentionOnly = () => {
    if (subject && !emitted) events.push({ ...subject });
  };
  for (let at = 0; at < words.length; ) {
    const verb = readAction(words, at);
    if (verb) {
      const { action, next } = verb;
      const target = isPairAction(action) ? readPhrase(words, next) : undefined;
      events.push({ ...subject, action, ...(target && { target: target.phrase }) });
      emitted = true;
      at = target?.next ?? next;
      continue;
    }
    const phrase = readPhrase(words, at);
    if (phrase) {
      mentionOnly();
      subject = phrase.phrase;
      emitted = false;
      at = phrase.next;
    } else at += 1;
  }
  mentionOnly();
  return events;
}

/** Whether a parsed event is whole, that is, says everything that an event of this world has. */
export function isWhole(event: ParsedEvent): event is ShapeEvent {
  const { size, colour, shape, action, target } = event;
  return Boolean(size && colour && shape && action && (!isPairAction(action) || (target?.colour && target.shape)));
}

function wordsOf(text: string): string[] {
  return text.toLowerCase().match(/[a-z]+/g) ?? [];
}

const ARTICLES = new Set(['a', 'an', 'the']);

/**
 * Words that describe one thing: an article, then at most one word each of size, colour and shape. The shape ends it.
 */
function readPhrase(words: readonly string[], start: number): { phrase: Phrase; next: number } | undefined {
  const phrase: Phrase = {};
  let at = start;
  if (ARTICLES.has(words[at] ?? '')) at += 1;
  for (; at < words.length; at++) {
    const word = words[at]!;
    // "circles" is a verb before "around" and a plural elsewhere.
    if (readAction(words, at)) break;
    const size = oneOf(SIZES, word);
    const colour = oneOf(COLOURS, word);
    const shape = oneOf(SHAPES, word) ?? oneOf(SHAPES, word.replace(/(?<=s)es$|s$/, ''));
    if (size && !phrase.size) phrase.size = size;
    else if (colour && !phrase.colour) phrase.colour = colour;
    else if (shape) {
      phrase.shape = shape;
      return { phrase, next: at + 1 };
    } else break;
  }
  return phrase.size || phrase.colour ? { phrase, next: at } : undefined;
}

const MOVES = new Set(['move', 'moves', 'moved', 'moving']);
const GROWS = new Set(['grow', 'grows', 'grew', 'growing']);
const VERBS: readonly (readonly [ReadonlySet<string>, Action])[] = [
  [GROWS, 'grows'],
  [new Set(['shrink', 'shrinks', 'shrank', 'shrinking']), 'shrinks'],
  [new Set(['blink', 'blinks', 'blinked', 'blinking']), 'blinks'],
];
const BUMPS = new Set(['bump', 'bumps', 'bumped', 'bumping']);
const CIRCLES = new Set(['circle', 'circles', 'circled', 'circling']);
/** Words that may stand within an action. */
const FILLERS = new Set(['to', 'the', 'and', 'then', 'it', 'is']);

function readAction(words: readonly string[], at: number): { action: Action; next: number } | undefined {
  const word = words[at]!;
  const simple = VERBS.find(([forms]) => forms.has(word));
  if (simple) return { action: simple[1], next: at + 1 };
  if (BUMPS.has(word) && words[at + 1] === 'into') return { action: 'bumps into', next: at + 2 };
  if (CIRCLES.has(word) && words[at + 1] === 'around') return { action: 'circles around', next: at + 2 };
  if (!MOVES.has(word)) return undefined;
  const toward = skip(words, at + 1, new Set(['to', 'the']));
  const action = ACTIONS.find((name) => name === `moves ${words[toward]}`);
  if (!action) return undefined;
  const after = skip(words, toward + 1, FILLERS);
  const sequence = words.slice(toward + 1, after).includes('then') && GROWS.has(words[after] ?? '');
  if (action === 'moves left' && sequence) return { action: 'moves left, then grows', next: after + 1 };
  return { action, next: toward + 1 };
}

function skip(words: readonly string[], from: number, fillers: ReadonlySet<string>): number {
  let at = from;
  while (fillers.has(words[at] ?? '')) at += 1;
  return at;
}

function oneOf<T extends string>(names: readonly T[], word: string): T | undefined {
  return names.find((name) => name === word);
}
