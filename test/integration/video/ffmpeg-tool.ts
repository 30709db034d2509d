import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findFfmpeg } from '../../../video/ffmpeg-binary.ts';

/** Runs ffmpeg as a person does, without the limits of the project: tests make odd files with it. */
export async function ffmpegTool(...args: readonly string[]): Promise<void> {
  const { path } = await findFfmpeg();
  await promisify(execFile)(path, ['-hide_banner', '-loglevel', 'error', '-nostdin', '-y', ...args]);
}
