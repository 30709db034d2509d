import { expect, test } from 'vitest';
import { structuredCompletion, Thought } from '../../../../core/sample.ts';
import { describe } from '../../../../datasets/shapes/describe.ts';

const events = [
  { size: 'small', colour: 'red', shape: 'circle', action: 'bumps into', target: { colour: 'blue', shape: 'square' } },
  { size: 'large', colour: 'blue', shape: 'square', action: 'grows' },
] as const;

test('says the same in a caption, in events and in a thought', () => {
  const { caption, events: texts, thought } = describe(events);
  expect(caption).toBe('A small red circle bumps into the blue square. A large blue square grows.');
  expect(texts).toEqual(['a small red circle bumps into the blue square', 'a large blue square grows']);
  expect(Thought.parse(thought)).toEqual(thought);
});

test('writes the thought with its keys in the order that the policy learns', () => {
  const { thought, caption } = describe([events[1]]);
  expect(structuredCompletion(thought, caption)).toBe(
    '<think>[{"subject":"square","attributes":["large","blue"],"actions":["grows"]}]</think><answer>A large blue ' +
      'square grows.</answer>',
  );
});
