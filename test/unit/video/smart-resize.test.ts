import fc from 'fast-check';
import { expect, test } from 'vitest';
import { smartResize } from '../../../video/smart-resize.ts';

const PATH = '/clips/thin.mp4';

// From transformers' smart_resize (models/qwen2_vl/image_processing_qwen2_vl.py), factor 28.
test.each([
  [224, 224, 7056, 7056, 84, 84],
  [1280, 720, 7056, 7056, 112, 56],
  [720, 1280, 7056, 7056, 56, 112],
  [640, 480, 7056, 7056, 84, 56],
  [1920, 1080, 3136, 12845056, 1932, 1092],
  [1920, 1080, 100352, 602112, 1008, 560],
  [10, 10, 7056, 7056, 84, 84],
  [300, 301, 7056, 7056, 56, 84],
  [1000, 10, 7056, 7056, 840, 28],
  [42, 70, 784, 12845056, 56, 56],
  [14, 98, 784, 12845056, 28, 84],
  [112, 56, 7056, 7056, 140, 84],
  [854, 480, 7056, 7056, 112, 56],
])('%d x %d within %d..%d pixels becomes %d x %d', (width, height, minPixels, maxPixels, newWidth, newHeight) => {
  expect(smartResize({ width, height }, { factor: 28, minPixels, maxPixels }, PATH)).toEqual({
    width: newWidth,
    height: newHeight,
  });
});

test('sides are always multiples of the factor and never zero', () => {
  const side = fc.integer({ min: 1, max: 4000 });
  fc.assert(
    fc.property(side, side, fc.constantFrom(14, 28), (width, height, factor) => {
      fc.pre(Math.max(width, height) / Math.min(width, height) <= 200);
      const fitted = smartResize({ width, height }, { factor, minPixels: 3136, maxPixels: 100_352 }, PATH);
      for (const length of [fitted.width, fitted.height]) {
        expect(length % factor).toBe(0);
        expect(length).toBeGreaterThan(0);
      }
    }),
  );
});

test('refuses ribbons', () => {
  expect(() => smartResize({ width: 4020, height: 20 }, { factor: 28, minPixels: 784, maxPixels: 7056 }, PATH)).toThrow(
    /^The picture of \/clips\/thin\.mp4 has 4020x20 pixels/,
  );
});
