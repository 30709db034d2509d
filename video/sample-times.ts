/**
 * When frames are looked at: the video's time is cut into `count` equal segments and each is seen at its middle.
 * Uniform in time, not in frame numbers, so a variable frame rate does not matter. Seconds from the first frame.
 */
export function sampleTimes(durationSeconds: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + 0.5) * durationSeconds) / count);
}
