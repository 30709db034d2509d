/** Follows the numbers that the frames of a stream carry. */
export interface FrameNumbers {
  /** The next packet; its beginning is enough. */
  take(packet: Buffer): void;
  /** The packets, by their place, before which a number is left out: a frame is missing. */
  readonly behindGaps: ReadonlySet<number>;
}
