import type { Annotation } from './annotation.ts';

/** What makes an annotation worth a person's look. None of it is certainly wrong. */
export type Oddity =
  | 'no events'
  | 'no subjects'
  | 'an event says what the caption does not'
  | 'a subject is not in the caption'
  | 'an event is the whole caption'
  | 'events repeat each other'
  | 'a subject has neither attributes nor actions'
  | 'much of the caption is in no event'
  | 'an answer is not in the caption'
  | 'a key point says what the caption does not';

/**
 * Shares of an event's words that must stand in the caption, and of the caption's words that must stand in the
 * annotation.
 */
const LEAST_SUPPORTED = 0.6;
const LEAST_COVERED = 0.4;
const SHORT_CAPTION_WORDS = 8;

/**
 * Compares words only: cheap, the same every time, and blind to paraphrases. What was not asked for is not odd. Pure.
 */
export function odditiesOf(caption: string, annotation: Annotation): Oddity[] {
  const { thought = [], events = [], questions = [], keyPoints = [] } = annotation;
  const captionWords = new Set(words(caption));
  const listed = events.map(words);
  const annotated = new Set([
    ...listed.flat(),
    ...thought.flatMap((one) => words(Object.values(one).flat().join(' '))),
  ]);
  const found: [Oddity, boolean][] = [
    ['no events', annotation.events?.length === 0],
    ['no subjects', annotation.thought?.length === 0],
    ['an event says what the caption does not', listed.some((event) => share(event, captionWords) < LEAST_SUPPORTED)],
    ['a subject is not in the caption', thought.some(({ subject }) => share(words(subject), captionWords) === 0)],
    [
      'an event is the whole caption',
      captionWords.size > SHORT_CAPTION_WORDS && listed.some((event) => share([...captionWords], new Set(event)) > 0.9),
    ],
    ['events repeat each other', new Set(listed.map((event) => event.toSorted().join(' '))).size < listed.length],
    [
      'a subject has neither attributes nor actions',
      thought.some(({ attributes, actions }) => attributes.length + actions.length === 0),
    ],
    ['much of the caption is in no event', events.length > 0 && share([...captionWords], annotated) < LEAST_COVERED],
    ['an answer is not in the caption', questions.some(({ answer }) => share(words(answer), captionWords) === 0)],
    [
      'a key point says what the caption does not',
      keyPoints.some((point) => share(words(point), captionWords) < LEAST_SUPPORTED),
    ],
  ];
  return found.filter(([, odd]) => odd).map(([name]) => name);
}

function share(list: readonly string[], among: ReadonlySet<string>): number {
  return list.length === 0 ? 1 : list.filter((word) => among.has(word)).length / list.length;
}

const LITTLE = new Set(
  'a an the and or but of in on at to from with by for as it its is are was were be while then'.split(' '),
);

/** Words that carry meaning, cut to their stem's first letters, so that `runs` and `running` are one. */
function words(text: string): string[] {
  const all = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return all.filter((word) => !LITTLE.has(word)).map((word) => word.replace(/(?:ing|ed|es|s|e)$/, '').slice(0, 6));
}
