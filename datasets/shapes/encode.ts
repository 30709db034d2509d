import { Readable } from 'node:stream';
import { runFfmpeg } from '../../video/ffmpeg-command.ts';
import { CANVAS, FPS, FRAMES } from './motion.ts';

/** How the raw RGBA frames of `drawFrames` are read. */
const RAW_INPUT = [
  '-f',
  'rawvideo',
  '-pixel_format',
  'rgba',
  '-video_size',
  `${CANVAS}x${CANVAS}`,
  '-framerate',
  `${FPS}`,
];

/** Ordinary H.264. One thread and no dates or versions of tools in the file: the same frames give the same bytes. */
export const ENCODING: readonly string[] = [
  ...['-an', '-vf', 'scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd+full_chroma_int,format=yuv420p'],
  ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
  ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '20', '-threads', '1'],
  // A key frame where a scene starts and none elsewhere, so that many scenes in one file do not depend on each other.
  ...['-g', `${FRAMES}`, '-keyint_min', `${FRAMES}`, '-sc_threshold', '0'],
  ...['-map_metadata', '-1', '-fflags', '+bitexact', '-flags:v', '+bitexact'],
];

/** Writes frames (raw RGBA, 224x224) as an H.264 mp4. Deterministic for one version of ffmpeg. */
export async function encodeVideo(
  frames: Iterable<Buffer>,
  output: string,
  options: EncodeOptions = {},
): Promise<void> {
  await runFfmpeg({
    input: Readable.from(frames, { objectMode: true, highWaterMark: 4 }),
    inputOptions: RAW_INPUT,
    outputOptions: [...ENCODING, '-movflags', '+faststart', '-f', 'mp4'],
    output,
    ...(options.timeoutSeconds && { timeoutSeconds: options.timeoutSeconds }),
    ...(options.signal && { signal: options.signal }),
  });
}

export interface EncodeOptions {
  timeoutSeconds?: number;
  signal?: AbortSignal | undefined;
}
