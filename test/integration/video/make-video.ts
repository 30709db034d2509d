import { readFile, writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { runFfmpeg } from '../../../video/ffmpeg-command.ts';

export interface VideoRecipe {
  width?: number;
  height?: number;
  fps?: number;
  frames?: number;
  /** RGB of a pixel; default: every frame is one grey that says its number. */
  paint?: (frame: number, x: number, y: number) => readonly [number, number, number];
  filter?: string;
  /** How it is encoded; default H.264. */
  codec?: readonly string[];
  options?: readonly string[];
}

/** The grey of frame `i`, and back from a decoded level. */
export const greyOf = (frame: number): number => 16 + frame * 6;
export const frameOfGrey = (level: number): number => Math.round((level - 16) / 6);

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-qp', '8', '-pix_fmt', 'yuv420p'];

/** Writes a real video whose frames can be told apart after decoding. */
export async function makeVideo(path: string, recipe: VideoRecipe = {}): Promise<void> {
  const { width = 64, height = 64, fps = 8, frames = 24, filter, codec = H264, options = [] } = recipe;
  const paint = recipe.paint ?? ((frame) => [greyOf(frame), greyOf(frame), greyOf(frame)] as const);
  function* pictures() {
    for (let frame = 0; frame < frames; frame++) {
      const pixels = Buffer.alloc(width * height * 3);
      for (let y = 0, at = 0; y < height; y++)
        for (let x = 0; x < width; x++) for (const level of paint(frame, x, y)) pixels[at++] = level;
      yield pixels;
    }
  }
  await runFfmpeg({
    input: Readable.from(pictures()),
    inputOptions: [
      '-f',
      'rawvideo',
      '-pixel_format',
      'rgb24',
      '-video_size',
      `${width}x${height}`,
      '-framerate',
      `${fps}`,
    ],
    outputOptions: [
      ...(filter ? ['-vf', filter] : []),
      ...codec,
      ...['-threads', '1', '-fps_mode', 'passthrough', ...options],
    ],
    output: path,
  });
}

/** Asks players to turn an mp4 by 90 degrees clockwise, as phones do: rewrites the matrix of its track header. */
export async function turnClockwise(path: string): Promise<void> {
  await turnBy(path, 90);
}

/** The same for any angle: degrees, clockwise. */
export async function turnBy(path: string, degrees: number): Promise<void> {
  const bytes = await readFile(path);
  const matrix = bytes.indexOf('tkhd') + 44;
  const width = bytes.readInt32BE(matrix + 36);
  const [cos, sin] = [Math.cos, Math.sin].map((of) => Math.round(of((degrees * Math.PI) / 180) * 0x10000)) as [
    number,
    number,
  ];
  const values = [cos, sin, 0, -sin, cos, 0, width, 0, 0x40000000];
  for (const [i, value] of values.entries()) bytes.writeInt32BE(value, matrix + 4 * i);
  await writeFile(path, bytes);
}
