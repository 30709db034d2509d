import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { afterThinking, hasThinking } from '../../../../judge/client/after-thinking.ts';
import { readJson } from '../../../../judge/client/read-answer.ts';
import { processorSeconds } from '../../../processor-seconds.ts';

const SHAPE = z.strictObject({ verdict: z.enum(['yes', 'no']) });
const DRAFT = 'Perhaps {"verdict": "yes"}, or not.';
const ANSWER = '{"verdict": "no"}';
const read = (text: string) => readJson(text, SHAPE);

const MARKS: [begin: string, end: string][] = [
  ['<think>', '</think>'],
  ['<|channel>thought\n', '<channel|>'],
  ['<|inner_prefix|>', '<|inner_suffix|>'],
  ['<plan>', '</plan>'],
  ['<planning>', '</planning>'],
  ['<working>', '</working>'],
  ['&lt;think&gt;', '&lt;/think&gt;'],
  ['&lt;plan&gt;', '&lt;/plan&gt;'],
  ['<!-- thinking\n', '-->'],
  ['<!--thinking: ', '-->'],
  ['<!-- thinking -->', '<!-- /thinking -->'],
  ['【思考】', '【/思考】'],
];

describe.each(MARKS)('thinking within %j and %j', (begin, end) => {
  test('is no answer', () => {
    expect(read(begin + DRAFT + end)).toMatchObject({ fault: expect.any(String) });
    expect(read(begin + DRAFT)).toMatchObject({ fault: expect.any(String) });
    expect(hasThinking(begin + DRAFT + end)).toBe(true);
  });

  test('is left out before the answer', () => {
    expect(read(`${begin}${DRAFT}${end}\n${ANSWER}`)).toEqual({ answer: { verdict: 'no' } });
  });
});

test('words that are no marks stay', () => {
  for (const text of ['a plan: <explanation> {}', '<!-- note --> {}', 'the [plan] is <b>', '&lt;b&gt; {}', '<planet>'])
    expect(afterThinking(text)).toBe(text);
});

const LONG = 200_000;
const filled = (begin: string, piece: string, length: number) =>
  begin + piece.repeat(Math.ceil((length - begin.length) / piece.length));

describe('the time that a text takes grows with its length alone', () => {
  test.each([
    ['<', 'think'],
    ['<|channel|>', 'a'],
    ['', '<|channel|>'],
    ['', '<|channel|>analysis '],
    ['<', ' '],
    ['', '<     '],
    ['', '<think '],
    ['', '<!-- think'],
    ['', '<!--think '],
    ['', '&lt;think'],
    ['```', 'think'],
    ['', '```think\n'],
    ['', '```think '],
    ['', '`'],
    ['', '[think]'],
    ['\n', '[think] > # '],
    ['', ' \n[think]x'],
    ['analysis', 'assistant '],
    ['analysis We', 'assistantfinal '],
    ['', ']   '],
    ['{', "'\\"],
    ["{a '", "\\'"],
    ['', '{"a":'],
    ['', '{"a":"b" /*'],
    ['', '<|channel>'],
    ['', '</think>'],
  ])('%j and then %j without end', (begin, piece) => {
    const seconds = (length: number) => {
      const text = filled(begin, piece, length);
      return processorSeconds(() => {
        afterThinking(text);
        read(`${text.slice(0, length / 2 - 1)}}`);
      });
    };
    seconds(LONG / 10);
    const short = seconds(LONG / 10);
    // Ten times the length, with much room for the garbage collector; a square would be a hundred times.
    expect(seconds(LONG)).toBeLessThan(30 * short + 0.5);
  });
});
