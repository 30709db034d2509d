import { z } from 'zod';
import { VideocapError } from '../core/errors.ts';

/** Decoded frames of one video: the form in which the policy, the report and the cache know it. */
export const ClipHeader = z.strictObject({
  format: z.literal('videocap-clip-1'),
  /** [frames, height, width, 3], uint8 RGB. */
  shape: z.tuple([z.int().positive(), z.int().positive(), z.int().positive(), z.literal(3)]),
  /** When each frame is seen, in seconds from the first frame of the video. */
  times: z.array(z.number()),
  durationSeconds: z.number(),
});
export type ClipHeader = z.infer<typeof ClipHeader>;

export interface Clip {
  frames: number;
  width: number;
  height: number;
  times: number[];
  durationSeconds: number;
  /** uint8 RGB, [frames, height, width, 3]. */
  pixels: Uint8Array;
}

const LENGTH_BYTES = 8;

/** Laid out as safetensors is: eight bytes of header length (little-endian), the header as JSON, then the raw pixels. */
export function encodeClip(clip: Clip): Buffer {
  const { frames, width, height, times, durationSeconds, pixels } = clip;
  const expected = frames * height * width * 3;
  if (pixels.length !== expected)
    throw new RangeError(
      `A clip of ${frames} frames of ${width}x${height} has ${expected} bytes, got ${pixels.length}.`,
    );
  const header: ClipHeader = {
    format: 'videocap-clip-1',
    shape: [frames, height, width, 3],
    times,
    durationSeconds,
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, pixels]);
}

/** @throws VideocapError `CorruptArtifact` when the bytes are no clip. */
export function decodeClip(bytes: Uint8Array): Clip {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = LENGTH_BYTES + Number(buffer.readBigUInt64LE());
    const header = ClipHeader.parse(JSON.parse(buffer.toString('utf8', LENGTH_BYTES, start)));
    const [frames, height, width] = header.shape;
    const pixels = buffer.subarray(start);
    if (pixels.length !== frames * height * width * 3) throw new RangeError(`${pixels.length} bytes of pixels`);
    return { frames, width, height, times: header.times, durationSeconds: header.durationSeconds, pixels };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new VideocapError(
      'CorruptArtifact',
      `A clip could not be read (${reason}); remove it so that it is made again.`,
      {
        cause: error,
      },
    );
  }
}

/** One frame of a clip, [height, width, 3]; a view, not a copy. */
export function frameOf(clip: Clip, index: number): Uint8Array {
  const bytes = clip.width * clip.height * 3;
  return clip.pixels.subarray(index * bytes, (index + 1) * bytes);
}
