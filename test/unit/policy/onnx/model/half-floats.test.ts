import { expect, test } from 'vitest';
import { WIDEN } from '../../../../../policy/onnx/model/half-floats.ts';

const ALL = Uint16Array.from({ length: 0x1_0000 }, (_, half) => half);
const bytes = new Uint8Array(ALL.buffer);

/** By the formula of IEEE 754-2008, 3.4. */
function numberOf(half: number, exponentBits: number, fractionBits: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> fractionBits) & (2 ** exponentBits - 1);
  const fraction = half & (2 ** fractionBits - 1);
  const bias = 2 ** (exponentBits - 1) - 1;
  if (exponent === 2 ** exponentBits - 1) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** (1 - bias - fractionBits);
  return sign * (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
}

test.each([
  ['F16', 5, 10],
  ['BF16', 8, 7],
] as const)('%s: all 65,536 values, exactly', (dtype, exponentBits, fractionBits) => {
  const wide = WIDEN[dtype](bytes);
  const wrong = [...ALL].filter((half) => !Object.is(wide[half], numberOf(half, exponentBits, fractionBits)));
  expect(wrong).toEqual([]);
});

test('reads at any offset', () => {
  const shifted = new Uint8Array([9, 0x00, 0x3c, 0x00, 0xc0]).subarray(1);
  expect([...WIDEN.F16(shifted)]).toEqual([1, -2]);
});
