/**
 * When frames are looked at: the video's time is cut into `count` equal segments and each is seen at its middle.
 * Uniform in time, not in frame numbers, so a variable frame rate does not matter. Seconds from the first frame.
 */
export function sampleTimes(durationSeconds: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i + 0.5) * durationSeconds) / count);
}

/**
 * The filter that lets through, for each of `sampleTimes`, the frame that is on screen at that time: the last one that
 * has begun by then. Time is stretched so that a segment lasts one second, and shifted so that its middle is a whole
 * second: then `fps=1`, rounding up, does exactly this, and ends with the video.
 */
export function sampleFilter(durationSeconds: number, count: number): string {
  const microseconds = Math.max(1, Math.round(durationSeconds * 1e6));
  const stretched = `(PTS-STARTPTS)*${count * 1_000_000}/${microseconds}-500000`;
  return `settb=AVTB,setpts=${stretched},fps=fps=1:start_time=0:round=up`;
}
