import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseCompletion } from '../../../core/completion.ts';
import { structuredCompletion, Thought } from '../../../core/sample.ts';
import { bytesOf, mutated, soup } from '../../fuzz/inputs.ts';

const words = [
  ...['<think>', '</think>', '<answer>', '</answer>', '<', '>', '<|im_end|>', '<|video_pad|>'],
  ...['[', ']', '{', '}', '"', ':', ',', '\\', '\\u', '\\ud83d', '\ud83d', 'null', '1e999', '-0', ' ', '\n', '\0'],
  ...['"subject"', '"attributes"', '"actions"', '"__proto__"', '{"subject":"x","attributes":[],"actions":[]}'],
];
const list = fc.array(fc.string(), { maxLength: 3 });
const thought = fc.array(fc.record({ subject: fc.string(), attributes: list, actions: list }), { maxLength: 3 });
const written = fc.tuple(thought, fc.string()).map(([analysis, caption]) => structuredCompletion(analysis, caption));
export const inputs = fc.oneof(
  soup(words),
  mutated(written.map(bytesOf)).map((bytes) => Buffer.from(bytes).toString('utf8')),
  fc.tuple(fc.json(), soup(words)).map(([json, caption]) => `<think>${json}</think><answer>${caption}</answer>`),
  fc.string({ unit: 'binary' }),
);

export function subject(completion: string): void {
  const { wellFormed, thought: found, caption } = parseCompletion(completion);
  if (found) assert.deepEqual(Thought.parse(found), found);
  if (caption !== undefined) assert(completion.includes(caption));
  if (wellFormed) assert(found && caption !== undefined);
}
