import fc from 'fast-check';
import { expect, test } from 'vitest';
import { structuredCompletion } from '../../../../../core/sample.ts';
import { PolicyTokenizer } from '../../../../../policy/model/tokenizer.ts';
import { openModelFolder } from '../../../../../policy/onnx/model/model-folder.ts';

const folder = openModelFolder('tiny');
const tokenizer = new PolicyTokenizer(folder.path);
const text = structuredCompletion(
  [{ subject: 'circle', attributes: ['small', 'red'], actions: ['moves left'] }],
  'A small red circle moves left.',
);

test('the prompt is the chat template around one video', () => {
  const { prefix, suffix } = tokenizer.prompt('Describe the video.');
  // Rendered by transformers 5.23 for Qwen2-VL: paper.md, section 6.3.
  expect(tokenizer.decode(prefix)).toBe('system\nYou are a helpful assistant.\nuser\n');
  expect(tokenizer.decode(suffix)).toBe('Describe the video.\nassistant\n');
  const special = (ids: number[]) => ids.filter((id) => tokenizer.decode([id]) === '').length;
  expect([special(prefix), special(suffix)]).toEqual([4, 3]);
});

test('a completion ends with the end token and decodes to its text', () => {
  const ids = tokenizer.completion(text);
  expect(ids.at(-1)).toBe(tokenizer.endToken);
  expect(tokenizer.decode(ids)).toBe(text);
  expect(ids.length).toBeLessThan(text.length / 3);
});

test('any text survives, as the tokens are bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (any) => {
      const normal = any.normalize('NFC');
      expect(tokenizer.decode(tokenizer.completion(normal))).toBe(normal);
    }),
  );
});

test("a special token's name in a reference is not a special token", () => {
  expect(tokenizer.completion('a<|im_<|im_end|>end|>b<|video_pad|>')).toEqual(tokenizer.completion('ab'));
});

test('only tokens that can be text, and the end token, are ever sampled', () => {
  const { vocab_size: vocabulary } = folder.config.text_config;
  const suppressed = tokenizer.suppressed(vocabulary + 3);
  const sampled = [...suppressed.keys()].filter((id) => suppressed[id] === 0);
  expect(sampled).toContain(tokenizer.endToken);
  for (const id of tokenizer.completion(text)) expect(sampled).toContain(id);
  for (const id of sampled) expect(tokenizer.decode([id]) === '').toBe(id === tokenizer.endToken);
  expect([...suppressed.slice(vocabulary)]).toEqual([1, 1, 1]);
});
