import { describe, expect, test } from 'vitest';
import type { FrameNumbers } from '../../../video/frame-numbers.ts';
import { H264Numbers } from '../../../video/h264-numbers.ts';
import { Mpeg2Numbers } from '../../../video/mpeg2-numbers.ts';

function gapsOf(numbers: FrameNumbers, packets: readonly Buffer[]): number[] {
  for (const packet of packets) numbers.take(packet);
  return [...numbers.behindGaps];
}

describe('H.264: frame_num', () => {
  const ue = (value: number) => (value + 1).toString(2).padStart(2 * (value + 1).toString(2).length - 1, '0');
  const bytesOf = (bits: string) =>
    Buffer.from(
      (bits.padEnd(Math.ceil(bits.length / 8) * 8, '0').match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)),
    );
  const sized = (unit: Buffer, bytes: number) => {
    const length = Buffer.alloc(bytes);
    length.writeUIntBE(unit.length, 0, bytes);
    return Buffer.concat([length, unit]);
  };
  /** Baseline, frame numbers of 4 bits, no order of showing. */
  const sequence = (mayLeaveOut: boolean) =>
    Buffer.concat([Buffer.from([0x67, 66, 0, 30]), bytesOf(ue(0) + ue(0) + ue(2) + ue(1) + (mayLeaveOut ? '1' : '0'))]);
  const picture = Buffer.concat([Buffer.from([0x68]), bytesOf(ue(0) + ue(0))]);
  const configuration = (mayLeaveOut = false) =>
    Buffer.concat([
      ...[Buffer.from([1, 66, 0, 30, 0xff, 0xe1]), sized(sequence(mayLeaveOut), 2)],
      ...[Buffer.from([1]), sized(picture, 2)],
    ]);
  const slice = (head: number, number: number) =>
    sized(
      Buffer.concat([Buffer.from([head]), bytesOf(ue(0) + ue(5) + ue(0) + number.toString(2).padStart(4, '0'))]),
      4,
    );
  const key = slice(0x65, 0);
  const referred = (number: number) => slice(0x41, number);
  const alone = (number: number) => slice(0x01, number);

  test.each([
    ['each number once', [key, referred(1), referred(2)], []],
    ['frames that nothing refers to have the number of the next one', [key, alone(1), alone(1), referred(1)], []],
    ['numbers begin again behind the last one', [key, referred(15), referred(0)], [1]],
    ['one is left out', [key, referred(1), referred(3), referred(4)], [2]],
    ['one is left out before a frame that nothing refers to', [key, referred(1), alone(3), referred(3)], [2]],
    ['a key frame begins anew', [key, referred(1), referred(2), key, referred(1)], []],
    ['a stream that begins between key frames', [referred(7), referred(8)], []],
    ['a count that a frame sets back', [key, referred(5), referred(1), referred(2)], [1]],
    ['nothing of a picture is left', [key, Buffer.alloc(0), referred(1)], []],
  ])('%s', (_, packets, gaps) => expect(gapsOf(new H264Numbers(configuration()), packets)).toEqual(gaps));

  test('a stream may leave out numbers on purpose', () =>
    expect(gapsOf(new H264Numbers(configuration(true)), [key, referred(3)])).toEqual([]));

  test('parameters in the stream take the place of those in its description', () =>
    expect(
      gapsOf(new H264Numbers(configuration()), [Buffer.concat([sized(sequence(true), 4), key]), referred(3)]),
    ).toEqual([]));

  test('bytes that are no description say nothing', () =>
    expect(gapsOf(new H264Numbers(Buffer.from([1, 2, 3, 4, 0xff, 0xff])), [key, referred(3)])).toEqual([]));
});

describe('MPEG-2: temporal_reference', () => {
  const picture = (number: number) => Buffer.from([0, 0, 1, 0, number >> 2, (number & 3) << 6, 0]);
  const group = (number: number) => Buffer.concat([Buffer.from([0, 0, 1, 0xb8, 0, 0, 0, 0]), picture(number)]);
  const numbers = (...packets: Buffer[]) => gapsOf(new Mpeg2Numbers(), packets);

  test('frames count from 0 in the order in which they are shown', () =>
    expect(numbers(group(2), picture(0), picture(1), picture(5), picture(3), picture(4), group(0))).toEqual([]));

  test('one is left out', () => expect(numbers(group(0), picture(3), picture(1), group(0))).toEqual([1]));

  test('what leads the first key frame may have been cut away, but not what leads a later one', () =>
    expect(numbers(group(2), picture(3), group(2), picture(3))).toEqual([2]));
});
