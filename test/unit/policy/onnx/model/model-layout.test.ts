import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byShape, chunks } from '../../../../../policy/onnx/model/model-layout.ts';

test('groups by shape, in order of first appearance, keeping the order within', () => {
  const [square, wide] = [
    [4, 6, 6],
    [4, 4, 8],
  ];
  const items = [square!, wide!, square!, wide!].map((shape, id) => ({ id, shape: [...shape] }));
  const ids = byShape(items, ({ shape }) => shape).map((group) => group.map(({ id }) => id));
  expect(ids).toEqual([
    [0, 2],
    [1, 3],
  ]);
});

test('chunks hold everything, in order, and are full but the last', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.integer({ min: 1, max: 9 }), (items, size) => {
      const pieces = chunks(items, size);
      expect(pieces.flat()).toEqual(items);
      for (const piece of pieces.slice(0, -1)) expect(piece.length).toBe(size);
      expect(pieces.at(-1)?.length ?? 1).toBeGreaterThan(0);
    }),
  );
});
