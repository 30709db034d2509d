import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../../video/ffmpeg-binary.ts';

export interface TestVideo {
  seconds: number;
  width: number;
  height: number;
}

export const SHORT: TestVideo = { seconds: 2, width: 320, height: 240 };
export const TEN_SECONDS: TestVideo = { seconds: 10, width: 1280, height: 720 };
export const MINUTE: TestVideo = { seconds: 60, width: 1280, height: 720 };
export const TEN_MINUTES: TestVideo = { seconds: 600, width: 1280, height: 720 };

const RATE = 25;
/** A key frame every two seconds, as video sites encode. */
const KEY_FRAMES = 50;

/** An H.264 video of a moving test picture. @returns its path. */
export async function makeTestVideo(folder: string, { seconds, width, height }: TestVideo): Promise<string> {
  const path = join(folder, `${seconds}s-${height}.mp4`);
  const source = `testsrc2=size=${width}x${height}:rate=${RATE}:duration=${seconds}`;
  const { path: ffmpeg } = await findFfmpeg();
  await promisify(execFile)(ffmpeg, [
    ...['-loglevel', 'error', '-f', 'lavfi', '-i', source, '-c:v', 'libx264', '-preset', 'superfast', '-crf', '28'],
    ...['-g', String(KEY_FRAMES), '-pix_fmt', 'yuv420p', '-movflags', '+faststart', '-y', path],
  ]);
  return path;
}
