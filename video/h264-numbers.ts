import { BitReader } from './bit-reader.ts';
import type { FrameNumbers } from './frame-numbers.ts';

/** What a sequence's parameters say of its frame numbers (ITU-T H.264, 7.3.2.1.1). */
interface Sequence {
  /** Length of a frame number. */
  bits: number;
  hasColourPlanes: boolean;
  /** Numbers may be left out on purpose. */
  mayLeaveOut: boolean;
}

const UNIT = { slice: 1, partition: 2, key: 5, sequence: 7, picture: 8 } as const;
/** Profiles that state how colours are sampled. */
const WITH_CHROMA: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
/** Enough of a slice for its number, and of parameters. */
const SLICE_BYTES = 64;
const PARAMETER_BYTES = 4096;

/**
 * Follows the numbers of an H.264 stream's frames (`frame_num`, 7.4.3): each frame that others may refer to raises it
 * by one, so that a number that is left out is one of a frame that is missing.
 */
export class H264Numbers implements FrameNumbers {
  readonly behindGaps = new Set<number>();
  readonly #sequences = new Map<number, Sequence>();
  /** The sequence of each set of picture parameters. */
  readonly #pictures = new Map<number, number>();
  readonly #lengthBytes: number;
  /** Of the last frame that others may refer to. */
  #previous: number | undefined;
  #packets = 0;

  /** @param configuration of the stream, as in an `avcC` box (ISO/IEC 14496-15, 5.3.3.1). */
  constructor(configuration: Buffer) {
    this.#lengthBytes = ((configuration[4] ?? 3) & 3) + 1;
    let place = 5;
    for (const mask of [0x1f, 0xff]) {
      const sets = (configuration[place++] ?? 0) & mask;
      for (let i = 0; i < sets && place + 2 <= configuration.length; i++) {
        const length = configuration.readUInt16BE(place);
        this.#takeParameters(configuration.subarray(place + 2, place + 2 + length));
        place += 2 + length;
      }
    }
  }

  take(packet: Buffer): void {
    const index = this.#packets++;
    for (const unit of unitsIn(packet, this.#lengthBytes)) {
      const type = unit[0]! & 0x1f;
      if (type === UNIT.slice || type === UNIT.partition || type === UNIT.key) {
        if (this.#leavesOut(unit)) this.behindGaps.add(index);
        return;
      }
      this.#takeParameters(unit);
    }
  }

  /** Whether the number of this slice's frame leaves out one. */
  #leavesOut(unit: Buffer): boolean {
    const slice = read(unit.subarray(1, SLICE_BYTES), (bits) => {
      bits.unsigned();
      bits.unsigned();
      const sequence = this.#sequences.get(this.#pictures.get(bits.unsigned()) ?? -1);
      if (!sequence) return undefined;
      if (sequence.hasColourPlanes) bits.bits(2);
      return { ...sequence, number: bits.bits(sequence.bits) };
    });
    if (!slice) return false;
    const { number, mayLeaveOut } = slice;
    const all = 2 ** slice.bits;
    const isReferred = (unit[0]! & 0x60) !== 0;
    const before = (unit[0]! & 0x1f) === UNIT.key ? undefined : this.#previous;
    const isNext = before === undefined || number === before || number === (before + 1) % all;
    if (isReferred) this.#previous = number;
    else if (!isNext) this.#previous = (number + all - 1) % all;
    // A frame may set the count back to 0 (`memory_management_control_operation` 5), which is not read here.
    return !isNext && !mayLeaveOut && number > 1;
  }

  #takeParameters(unit: Buffer): void {
    const type = (unit[0] ?? 0) & 0x1f;
    if (type !== UNIT.sequence && type !== UNIT.picture) return;
    read(unit.subarray(1, PARAMETER_BYTES), (bits) => {
      if (type === UNIT.sequence) this.#sequences.set(...sequenceOf(bits));
      else this.#pictures.set(bits.unsigned(), bits.unsigned());
    });
  }
}

function sequenceOf(bits: BitReader): [id: number, Sequence] {
  const profile = bits.bits(8);
  bits.bits(16);
  const id = bits.unsigned();
  let hasColourPlanes = false;
  if (WITH_CHROMA.has(profile)) {
    const chroma = bits.unsigned();
    hasColourPlanes = chroma === 3 && bits.bit() === 1;
    bits.unsigned();
    bits.unsigned();
    bits.bit();
    const hasScaling = bits.bit() === 1;
    const lists = hasScaling ? (chroma === 3 ? 12 : 8) : 0;
    for (let i = 0; i < lists; i++) if (bits.bit() === 1) skipScaling(bits, i < 6 ? 16 : 64);
  }
  const length = bits.unsigned() + 4;
  const order = bits.unsigned();
  if (order === 0) bits.unsigned();
  if (order === 1) {
    bits.bit();
    bits.signed();
    bits.signed();
    for (let left = bits.unsigned(); left > 0; left--) bits.signed();
  }
  bits.unsigned();
  return [id, { bits: Math.min(length, 16), hasColourPlanes, mayLeaveOut: bits.bit() === 1 }];
}

/** A scaling list (7.3.2.1.1.1). */
function skipScaling(bits: BitReader, size: number): void {
  for (let i = 0, last = 8; i < size && last !== 0; i++) last = (last + bits.signed() + 256) % 256;
}

/** Units with their lengths in front, as far as they are there. */
function* unitsIn(packet: Buffer, lengthBytes: number): Generator<Buffer> {
  for (let place = 0; place + lengthBytes < packet.length; ) {
    const length = packet.readUIntBE(place, lengthBytes);
    place += lengthBytes;
    if (length > 0) yield packet.subarray(place, place + length);
    place += length;
  }
}

/** `undefined` where the unit is cut or damaged. */
function read<T>(unit: Buffer, parse: (bits: BitReader) => T): T | undefined {
  try {
    return parse(new BitReader(unit));
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
