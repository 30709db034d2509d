import fc from 'fast-check';
import { expect, test } from 'vitest';
import { describe, eventsOf } from '../../../../datasets/shapes/describe.ts';
import { SPLITS, sceneAt } from '../../../../datasets/shapes/scene.ts';
import { isWhole, parseCaption } from '../../../../judge/rule-based/parse-caption.ts';

const scenes = fc
  .tuple(fc.nat(100), fc.constantFrom(...SPLITS), fc.nat(10_000))
  .map(([seed, split, index]) => sceneAt(seed, split, index));

test("reads every scene's caption back into its events", () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const events = eventsOf(scene);
      const parsed = parseCaption(describe(events).caption);
      expect(parsed).toEqual(events);
      expect(parsed.every(isWhole)).toBe(true);
    }),
    { numRuns: 200 },
  );
});

test('does not mind case, punctuation and white space', () => {
  fc.assert(
    fc.property(scenes, (scene) => {
      const events = eventsOf(scene);
      const { caption } = describe(events);
      const mangled = caption.toUpperCase().replaceAll(/[.,]/g, ' ').replaceAll(' ', '\n ');
      expect(parseCaption(mangled)).toEqual(events);
    }),
    { numRuns: 50 },
  );
});

test('takes any text without throwing', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => void parseCaption(text)));
  const words = [
    'a',
    'the',
    'small',
    'red',
    'circle',
    'circles',
    'around',
    'moves',
    'left',
    'then',
    'grows',
    'bumps',
    'into',
  ];
  fc.assert(fc.property(fc.array(fc.constantFrom(...words)), (text) => void parseCaption(text.join(' '))));
});

test.each([
  ['', []],
  ['nothing to see here', []],
  ['a red circle', [{ colour: 'red', shape: 'circle' }]],
  ['a circle moves left', [{ shape: 'circle', action: 'moves left' }]],
  ['a small red moves up', [{ size: 'small', colour: 'red', action: 'moves up' }]],
  ['grows', [{ action: 'grows' }]],
  ['a blue star bumps into', [{ colour: 'blue', shape: 'star', action: 'bumps into' }]],
  [
    'a blue star circles around the cross',
    [{ colour: 'blue', shape: 'star', action: 'circles around', target: { shape: 'cross' } }],
  ],
  ['two red circles are blinking', [{ colour: 'red', shape: 'circle', action: 'blinks' }]],
  ['white crosses grow', [{ colour: 'white', shape: 'cross', action: 'grows' }]],
  ['a star moving to the right', [{ shape: 'star', action: 'moves right' }]],
  ['a star moves left and then grows', [{ shape: 'star', action: 'moves left, then grows' }]],
  ['a star moves left and then it grows', [{ shape: 'star', action: 'moves left, then grows' }]],
])('reads %j', (caption, events) => {
  expect(parseCaption(caption)).toEqual(events);
});

test('keeps the subject until the next one is named', () => {
  expect(parseCaption('A red circle moves left and blinks. A star grows.')).toEqual([
    { colour: 'red', shape: 'circle', action: 'moves left' },
    { colour: 'red', shape: 'circle', action: 'blinks' },
    { shape: 'star', action: 'grows' },
  ]);
});

test('only counts events as whole that say everything', () => {
  expect(parseCaption('A red circle moves left.').map(isWhole)).toEqual([false]);
  expect(parseCaption('A small red circle bumps into the square.').map(isWhole)).toEqual([false]);
});
