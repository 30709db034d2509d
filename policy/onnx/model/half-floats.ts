/**
 * Widens 16-bit floats to 32 bits: exact for every value, NaN and infinities included.
 * @param bytes little-endian, two a number.
 */
export const WIDEN = {
  BF16: (bytes: Uint8Array) => widened(bytes, (half) => half << 16),
  F16: (bytes: Uint8Array) => widened(bytes, halfToFloatBits),
} as const;

function widened(bytes: Uint8Array, bitsOf: (half: number) => number): Float32Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = new Int32Array(bytes.byteLength / 2);
  for (let i = 0; i < bits.length; i++) bits[i] = bitsOf(view.getUint16(2 * i, true));
  return new Float32Array(bits.buffer);
}

/** IEEE 754 binary16 to binary32. */
function halfToFloatBits(half: number): number {
  const sign = (half & 0x8000) << 16;
  const exponent = (half >> 10) & 0x1f;
  const fraction = half & 0x3ff;
  if (exponent === 0x1f) return sign | 0x7f80_0000 | (fraction << 13);
  if (exponent > 0) return sign | ((exponent + 112) << 23) | (fraction << 13);
  if (fraction === 0) return sign;
  // A subnormal half is a normal float: its leading one is shifted out of the fraction.
  const shift = Math.clz32(fraction) - 21;
  return sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13);
}
