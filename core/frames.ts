/** Decoded frames at the policy's size, one byte a channel. */
export interface Frames {
  shape: readonly [frames: number, height: number, width: number, channels: number];
  /** RGB, in the order of `shape`. */
  data: Uint8Array;
}
