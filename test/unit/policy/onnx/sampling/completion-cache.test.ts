import { expect, test } from 'vitest';
import { floats } from '../../../../../policy/onnx/model/feeds.ts';
import { CompletionCache } from '../../../../../policy/onnx/sampling/completion-cache.ts';

test('what a token writes is what the next one reads, one token longer, in memory of its own', () => {
  const cache = new CompletionCache({ layers: 2, sequences: [2, 3], keyHeads: 2, headDim: 4, capacity: 3 });
  expect(cache.past['past_k.0']!.dims).toEqual([2, 3, 2, 4, 0]);
  expect(cache.past['past_v.1']!.dims).toEqual([2, 3, 2, 0, 4]);
  for (let length = 1; length <= 3; length++) {
    const { past, next } = cache;
    expect(Object.keys(next)).toEqual(['k.0', 'v.0', 'k.1', 'v.1']);
    expect(next['k.1']!.dims).toEqual([2, 3, 2, 4, length]);
    expect(next['v.0']!.dims).toEqual([2, 3, 2, length, 4]);
    const before = Object.values(past).map((tensor) => [...floats(tensor)]);
    for (const [i, tensor] of Object.values(next).entries()) floats(tensor).fill(10 * length + i);
    expect(Object.values(past).map((tensor) => [...floats(tensor)])).toEqual(before);
    cache.advance();
    const read = Object.entries(cache.past).map(([name, tensor]) => [name, [...new Set(floats(tensor))]]);
    expect(read).toEqual(['k.0', 'v.0', 'k.1', 'v.1'].map((name, i) => [`past_${name}`, [10 * length + i]]));
  }
});
