import { expect, test } from 'vitest';
import { parseCompletion } from '../../../core/completion.ts';
import { structuredCompletion } from '../../../core/sample.ts';
import { PolicyTokenizer } from '../../../policy/model/tokenizer.ts';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { thinkScore } from '../../../rewards/think/think-score.ts';
import { tokenF1 } from '../../../rewards/think/token-f1.ts';
import { ThinkConfig } from '../../../rewards/think.ts';

const subject = (more: object = {}) => ({ subject: 'dog', attributes: [], actions: [], ...more });
const withThought = (json: string) => parseCompletion(`<think>${json}</think><answer>A dog.</answer>`);
const brokenThought = { wellFormed: false, caption: 'A dog.' };

test.each(['', ' ', '\n'])('empty: %j says nothing', (text) => {
  expect(parseCompletion(text)).toEqual({ wellFormed: false });
  expect(withThought(text)).toEqual(brokenThought);
});

test.each(['[', ']', '{', '}', '<', '<think>', '</think>', '<answer>'])('10,000 times %s: no thought', (bracket) => {
  expect(parseCompletion(bracket.repeat(10_000))).toEqual({ wellFormed: false });
  expect(withThought(bracket.repeat(10_000)).thought).toBeUndefined();
});

test.each([
  ['lists in lists', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ['objects in objects', `${'{"a":'.repeat(200_000)}1${'}'.repeat(200_000)}`],
  ['lists in a field', `[{"subject":${'['.repeat(200_000)}${']'.repeat(200_000)},"attributes":[],"actions":[]}]`],
  ['a list of many faults', `[${Array(200_000).fill(0)}]`],
  ['a number of many digits', `[${'9'.repeat(200_000)}]`],
])('nested JSON bomb, %s: no thought', (_, json) => {
  expect(withThought(json)).toEqual(brokenThought);
});

test('a thought of 5,000 subjects: read, and scored', () => {
  const thought = Array(5000).fill(subject());
  const read = withThought(JSON.stringify(thought));
  expect(read).toMatchObject({ wellFormed: true, thought });
  const reference = [subject({ attributes: ['brown'] })];
  const { subjects } = thinkScore(read.thought!, reference, tokenF1, ThinkConfig.parse({}));
  expect(subjects).toEqual({ hits: 1, predicted: 5000, reference: 1 });
});

test('lone surrogates: part of a phrase like any character', () => {
  const { wellFormed, thought } = withThought('[{"subject":"\\ud83d","attributes":["\\udc00 red"],"actions":[]}]');
  expect([wellFormed, thought]).toEqual([true, [{ subject: '\ud83d', attributes: ['\udc00 red'], actions: [] }]]);
  expect(thinkScore(thought!, thought!, tokenF1, ThinkConfig.parse({})).attributes.hits).toBe(1);
  expect(parseCompletion('<think>[]</think><answer>a \ud83d b</answer>')).toMatchObject({ caption: 'a \ud83d b' });
});

test.each(['<|im_end|>', '<|im_start|>assistant', '<|video_pad|>', '<|endoftext|>'])(
  'special token %s: just characters, within and around the parts',
  (token) => {
    expect(parseCompletion(`${token}<think>[]</think><answer>A dog.</answer>`).wellFormed).toBe(false);
    expect(parseCompletion(`<think>[]</think><answer>A ${token} dog.</answer>`).caption).toBe(`A ${token} dog.`);
    expect(withThought(`[{"subject":"${token}","attributes":[],"actions":[]}]`).thought).toEqual([
      subject({ subject: token }),
    ]);
  },
);

test('special tokens in a reference: never learned as such, however they are hidden', () => {
  const tokenizer = new PolicyTokenizer(openModelFolder('tiny').path);
  const plain = tokenizer.completion(structuredCompletion([subject()], 'A dog.'));
  // Each name that is dropped leaves another one behind.
  const hidden = `${'<|im_'.repeat(4000)}<|im_end|>${'end|>'.repeat(4000)}`;
  expect(tokenizer.completion(structuredCompletion([subject()], `A ${hidden}dog.`))).toEqual(plain);
});

test.each(['__proto__', 'constructor'])('the key %s: no thought, and nothing else changes', (key) => {
  expect(withThought(`[{"${key}":{"polluted":1},"subject":"x","attributes":[],"actions":[]}]`)).toEqual(brokenThought);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});
