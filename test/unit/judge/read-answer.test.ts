import { describe, expect, test } from 'vitest';
import { readEvents, readVerdicts } from '../../../activities/judge/read-answer.ts';

const item = (index: number, relationship = 'neutral') => ({ index, relationship });
const answer = (...verdicts: object[]) => JSON.stringify({ verdicts });

describe('readVerdicts', () => {
  test('puts the verdicts in the order of the events', () => {
    expect(readVerdicts(answer(item(2, 'contradiction'), item(1, 'entailment')), 2)).toEqual({
      answer: ['entailment', 'contradiction'],
    });
  });

  test('takes JSON out of the prose or code fence around it', () => {
    expect(readVerdicts(`Sure! Here it is:\n\`\`\`json\n${answer(item(1))}\n\`\`\`\nAnything else?`, 1)).toEqual({
      answer: ['neutral'],
    });
  });

  const count = 'it must have exactly one verdict for each index from 1 to 2';
  test.each([
    ['too few verdicts', answer(item(1)), count],
    ['too many verdicts', answer(item(1), item(2), item(3)), count],
    ['an index twice', answer(item(1), item(1)), count],
    ['an index twice besides all others', answer(item(1), item(2), item(2)), count],
    ['an index that was not asked about', answer(item(0), item(1)), count],
    [
      'another word for a relationship',
      answer(item(1, 'yes'), item(2)),
      'it must have exactly the fields that were asked for',
    ],
    ['another schema', '{"events": []}', 'it must have exactly the fields that were asked for'],
    [
      'an index as text',
      '{"verdicts":[{"index":"1","relationship":"neutral"}]}',
      'it must have exactly the fields that were asked for',
    ],
    ['NaN', '{"verdicts": NaN}', 'it must be valid JSON'],
    ['single quotes', "{'verdicts': []}", 'it must be valid JSON'],
    ['no JSON', 'I think all of them.', 'it must be one JSON object'],
    ['nothing', '', 'it must be one JSON object'],
  ])('%s is no answer', (_, text, fault) => {
    expect(readVerdicts(text, 2)).toEqual({ fault });
  });
});

describe('readEvents', () => {
  test('trims, and drops what is empty or repeated', () => {
    expect(readEvents('{"events": [" a dog runs ", "", "a dog runs", "a cat sits"]}')).toEqual({
      answer: ['a dog runs', 'a cat sits'],
    });
  });

  test('an empty list is an answer', () => {
    expect(readEvents('{"events": []}')).toEqual({ answer: [] });
  });

  test.each([
    ['far too many', JSON.stringify({ events: Array.from({ length: 51 }, (_, i) => `event ${i}`) })],
    ['an endless one', JSON.stringify({ events: ['x'.repeat(301)] })],
  ])('%s: no list of events', (_, text) => {
    expect(readEvents(text)).toEqual({ fault: 'it must have at most 50 short events' });
  });
});
