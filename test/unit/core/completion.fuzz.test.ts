import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseCompletion } from '../../../core/completion.ts';
import { structuredCompletion, Thought } from '../../../core/sample.ts';
import { bytesOf, FUZZ_TIMEOUT, fuzz, mutated, soup } from '../../fuzz.ts';

const words = [
  ...['<think>', '</think>', '<answer>', '</answer>', '<', '>', '<|im_end|>', '<|video_pad|>'],
  ...['[', ']', '{', '}', '"', ':', ',', '\\', '\\u', '\\ud83d', '\ud83d', 'null', '1e999', '-0', ' ', '\n', '\0'],
  ...['"subject"', '"attributes"', '"actions"', '"__proto__"', '{"subject":"x","attributes":[],"actions":[]}'],
];
const list = fc.array(fc.string(), { maxLength: 3 });
const thought = fc.array(fc.record({ subject: fc.string(), attributes: list, actions: list }), { maxLength: 3 });
const written = fc.tuple(thought, fc.string()).map(([analysis, caption]) => structuredCompletion(analysis, caption));
const text = fc.oneof(
  soup(words),
  mutated(written.map(bytesOf)).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc.tuple(fc.json(), soup(words)).map(([json, caption]) => `<think>${json}</think><answer>${caption}</answer>`),
  fc.string({ unit: 'binary' }),
);

test(
  'any text is taken apart, and what is found in it is what it seems',
  () =>
    fuzz('completion', 20_000, text, (completion) => {
      const { wellFormed, thought: found, caption } = parseCompletion(completion);
      if (found) expect(Thought.parse(found)).toEqual(found);
      if (caption !== undefined) expect(completion).toContain(caption);
      if (wellFormed) expect([found, caption]).not.toContain(undefined);
    }),
  FUZZ_TIMEOUT,
);
