import type { FrameNumbers } from './frame-numbers.ts';

/** Start codes of MPEG-2 video (ISO/IEC 13818-2, table 6-1). */
const [GROUP, PICTURE] = [Buffer.from([0, 0, 1, 0xb8]), Buffer.from([0, 0, 1, 0])];

/**
 * Follows the numbers of MPEG-2's frames (`temporal_reference`, 6.3.9): they count the frames of a group of pictures as
 * they are shown, from 0.
 */
export class Mpeg2Numbers implements FrameNumbers {
  readonly #behindGaps = new Set<number>();
  /** The packet of each number in the current group. */
  #group: Map<number, number> | undefined;
  #isFirst = true;
  #packets = 0;

  take(packet: Buffer): void {
    const index = this.#packets++;
    const picture = packet.indexOf(PICTURE);
    if (picture < 0 || picture + 6 > packet.length) return;
    const group = packet.indexOf(GROUP);
    if (group >= 0 && group < picture) {
      this.#endGroup();
      this.#isFirst = this.#group === undefined;
      this.#group = new Map();
    }
    const number = packet.readUInt16BE(picture + 4) >> 6;
    if (!this.#group?.has(number)) this.#group?.set(number, index);
  }

  get behindGaps(): ReadonlySet<number> {
    this.#endGroup();
    return this.#behindGaps;
  }

  #endGroup(): void {
    const numbers = [...(this.#group ?? [])].sort(([a], [b]) => a - b);
    // What leads the first key frame may have been cut away.
    let expected = this.#isFirst ? (numbers[0]?.[0] ?? 0) : 0;
    for (const [number, packet] of numbers) {
      if (number !== expected) this.#behindGaps.add(packet);
      expected = number + 1;
    }
  }
}
