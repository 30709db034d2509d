import { z } from 'zod';
import { VideocapError } from '../core/errors.ts';
import type { Frames } from '../core/sample.ts';

/** The header of a clip file, before its pixels. */
export const ClipHeader = z.strictObject({
  format: z.literal('videocap-clip-1'),
  /** [frames, height, width, 3], uint8 RGB. */
  shape: z.tuple([z.int().positive(), z.int().positive(), z.int().positive(), z.literal(3)]),
  /** When each frame is seen, in seconds from the first frame of the video. */
  times: z.array(z.number()),
  durationSeconds: z.number(),
});
export type ClipHeader = z.infer<typeof ClipHeader>;

/** Decoded frames of one video, with their times: the form that the policy, the report and the cache use. */
export interface Clip extends Frames, Pick<ClipHeader, 'durationSeconds'> {
  times: number[];
}

const LENGTH_BYTES = 8;

/**
 * Laid out as safetensors is: eight bytes of header length (little-endian), the header as JSON, then the raw pixels.
 */
export function encodeClip(clip: Clip): Buffer {
  const { shape, times, durationSeconds, data } = clip;
  const [frames, height, width] = shape;
  const expected = frames * height * width * 3;
  if (data.length !== expected)
    throw new RangeError(`A clip of ${frames} frames of ${width}x${height} has ${expected} bytes, got ${data.length}.`);
  const header: ClipHeader = {
    format: 'videocap-clip-1',
    shape: [frames, height, width, 3],
    times,
    durationSeconds,
  };
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeBigUInt64LE(BigInt(json.length));
  return Buffer.concat([length, json, data]);
}

/** @throws VideocapError `CorruptArtifact` when the bytes are no clip. */
export function decodeClip(bytes: Uint8Array): Clip {
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const start = LENGTH_BYTES + Number(buffer.readBigUInt64LE());
    const { shape, times, durationSeconds } = ClipHeader.parse(
      JSON.parse(buffer.toString('utf8', LENGTH_BYTES, start)),
    );
    const [frames, height, width] = shape;
    const data = buffer.subarray(start);
    if (data.length !== frames * height * width * 3) throw new RangeError(`${data.length} bytes of pixels`);
    return { shape, times, durationSeconds, data };
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
export function frameOf({ shape: [, height, width], data }: Frames, index: number): Uint8Array {
  const bytes = height * width * 3;
  return data.subarray(index * bytes, (index + 1) * bytes);
}
