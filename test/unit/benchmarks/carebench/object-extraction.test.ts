import { describe, expect, test } from 'vitest';
import { objectExtraction } from '../../../../benchmarks/carebench/object-questions.ts';
import { eventExtraction, keyEventExtraction } from '../../../../judge/questions/event-extraction.ts';

describe('objectExtraction', () => {
  const { read, prompt } = objectExtraction('a red ball');

  test("asks for CaReBench's limits", () => {
    expect(prompt.text).toMatch(/at most 10\./);
    expect(prompt.text).toMatch(/at most 10 words that begins "There is" or "There are"/);
  });

  test('blanks and repetitions are dropped, the order stays', () => {
    const objects = ['There is a ball', ' There is a ball ', '', 'There are dogs'];
    expect(read(JSON.stringify({ objects }))).toEqual({ answer: ['There is a ball', 'There are dogs'] });
  });

  test('no objects are an answer', () => expect(read('{"objects": []}')).toEqual({ answer: [] }));

  test.each([
    ['events instead', '{"events": []}'],
    ['too many', JSON.stringify({ objects: Array.from({ length: 51 }, (_, i) => `There is ${i}`) })],
    ['an endless one', JSON.stringify({ objects: ['x'.repeat(301)] })],
  ])('%s: no list of objects', (_, text) => expect(read(text)).toHaveProperty('fault'));
});

test("benchmarks ask for AutoDQ's own limits on events; training's question is another", () => {
  const [key, any] = [keyEventExtraction('A man runs.'), eventExtraction('A man runs.')];
  expect(key.prompt.text).toMatch(/key events .* at most 10\./);
  expect(key.prompt.text).toMatch(/sentence of at most 10 words/);
  expect(key.prompt.sha256).not.toBe(any.prompt.sha256);
  expect(key.read('{"events": ["a man runs"]}')).toEqual({ answer: ['a man runs'] });
});
