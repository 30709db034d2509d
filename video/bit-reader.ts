/** Reads the bits of an H.264 unit from the front, without the bytes that only keep start codes out (7.4.1). */
export class BitReader {
  readonly #bytes: Buffer;
  #place = 0;

  constructor(unit: Buffer) {
    this.#bytes = withoutEmulation(unit);
  }

  /** @throws RangeError behind the end. */
  bit(): number {
    const byte = this.#bytes[this.#place >> 3];
    if (byte === undefined) throw new RangeError('The unit has no more bits.');
    return (byte >> (7 - (this.#place++ & 7))) & 1;
  }

  /** An unsigned number of so many bits, at most 31. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = 2 * value + this.bit();
    return value;
  }

  /** An unsigned number of variable length, ue(v) of 9.1. */
  unsigned(): number {
    let zeros = 0;
    while (this.bit() === 0) if (++zeros > 31) throw new RangeError('No number is that long.');
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** A signed one, se(v). */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }
}

function withoutEmulation(unit: Buffer): Buffer {
  const bytes = Buffer.alloc(unit.length);
  let [length, zeros] = [0, 0];
  for (const byte of unit) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    bytes[length++] = byte;
  }
  return bytes.subarray(0, length);
}
