import { expect, test } from 'vitest';
import { requireContext, type TokenLimits, tooLong } from '../../../datasets/token-limits.ts';
import { naming, refusal } from '../../refusal.ts';

const TRAIN = { field: 'sampling.maxNewTokens', tokens: 30 };

/** A model for which every character is a token. */
function limits(more: Partial<TokenLimits> = {}, context: number | undefined = 100): TokenLimits {
  return {
    lengths: { context, prompt: (text) => text.length, completion: (text) => text.length },
    prompts: ['Describe.', 'What happens here?'],
    maxReferenceTokens: 50,
    completions: { train: TRAIN, heldOut: { field: 'benchmark.maxNewTokens', tokens: 40 } },
    ...more,
  };
}
const learns = (context?: number) =>
  limits({ reference: ({ caption }) => `<${caption}>`, completions: limits().completions }, context);
const sample = (caption: string, prompt?: string) => ({ video: 'a.mp4', caption, ...(prompt && { prompt }) });

test('a reference may have so many tokens and no more, with all that the policy writes around it', () => {
  expect(tooLong(sample('x'.repeat(48)), 'train', learns())).toBeUndefined();
  expect(tooLong(sample('x'.repeat(49)), 'train', learns())).toEqual(naming(51, 'dataset.maxReferenceTokens', 50));
});

test('a reference that nothing is learnt from may have any length', () => {
  expect(tooLong(sample('x'.repeat(19_999)), 'heldOut', learns())).toBeUndefined();
  expect(tooLong(sample('x'.repeat(19_999)), 'train', limits())).toBeUndefined();
});

test('the longest prompt that may be drawn, or the own one, and the reference must fit into the context', () => {
  expect(tooLong(sample('x'.repeat(30)), 'train', learns(50))).toBeUndefined();
  expect(tooLong(sample('x'.repeat(31)), 'train', learns(50))).toEqual(naming(18, 33, 50));
  expect(tooLong(sample('x'.repeat(31), 'Describe.'), 'train', learns(50))).toBeUndefined();
});

test("a sample's own prompt and the longest completion of its split must fit into it", () => {
  const own = sample('x', 'y'.repeat(65));
  expect(tooLong(own, 'train', limits())).toBeUndefined();
  expect(tooLong(own, 'heldOut', limits())).toEqual(naming(65, 'benchmark.maxNewTokens', 40, 100));
  expect(tooLong(own, 'heldOut', limits({}, 1000))).toBeUndefined();
});

test("so must the config's own prompts, of which the longest counts", () => {
  expect(() => requireContext(limits({}, 58))).not.toThrow();
  expect(() => requireContext(limits({}, 57))).toThrow(
    refusal('InvalidConfig', 'benchmark.maxNewTokens', 40, 18, 57, 39) as Error,
  );
  expect(() => requireContext(limits({}, 40))).toThrow(refusal('InvalidConfig', TRAIN.field, 30) as Error);
});

test('a model that does not say what it was made for has no context to fit into', () => {
  const unknown = { ...limits().lengths, context: undefined };
  expect(() => requireContext(limits({ lengths: unknown, prompts: ['y'.repeat(9999)] }))).not.toThrow();
  expect(tooLong(sample('x', 'y'.repeat(1999)), 'heldOut', limits({ lengths: unknown }))).toBeUndefined();
});
