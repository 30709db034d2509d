import { all, find } from './mp4-boxes.ts';

/** Where the matrix is in a track header of version 0 or 1: behind version, flags, times, layer and volume. */
const MATRIX = { 0: 40, 1: 52 } as const;

/**
 * How far the file asks players to turn the picture: degrees counter-clockwise, in (-180, 180], of the display matrix
 * in the header of a QuickTime file (`moov/trak/tkhd`). 0 when there is none. Pure.
 */
export function displayRotation(file: Buffer): number {
  const box = find(file, all(file), 'moov', 'trak', 'tkhd');
  const header = box && file.subarray(box.start, box.end);
  const at = MATRIX[header?.[0] as keyof typeof MATRIX];
  if (header === undefined || at === undefined || header.length < at + 20) return 0;
  const [a, b, c, d] = [0, 4, 12, 16].map((offset) => header.readInt32BE(at + offset) / 2 ** 16) as [
    number,
    number,
    number,
    number,
  ];
  const [across, down] = [Math.hypot(a, c), Math.hypot(b, d)];
  if (across === 0 || down === 0) return 0;
  // As libavutil's av_display_rotation_get.
  const degrees = (-Math.atan2(b / down, a / across) * 180) / Math.PI;
  return degrees <= -180 ? 180 : degrees + 0;
}
