import { VideocapError } from '../../../core/errors.ts';
import type { Frames } from '../../../core/sample.ts';
import type { Grid } from './rope.ts';

/** How frames are cut. */
export interface PatchSettings {
  patchSize: number;
  mergeSize: number;
  temporalPatchSize: number;
}

export interface ProcessorSettings extends PatchSettings {
  imageMean: readonly number[];
  imageStd: readonly number[];
}

export interface PixelValues {
  grid: Grid;
  /** `[slices, rows * columns, channels * temporalPatch * patch * patch]`. */
  data: Float32Array;
}

/** Frames to the pixel rows of Qwen2-VL's video processor: those of `pixelBytes`, normalised. Throws as it does. */
export function pixelValues(frames: Frames, settings: ProcessorSettings): PixelValues {
  const { grid, data: bytes } = pixelBytes(frames, settings);
  const values = normalised(settings);
  const run = settings.temporalPatchSize * settings.patchSize ** 2;
  const data = new Float32Array(bytes.length);
  for (let at = 0, channel = 0; at < data.length; channel = (channel + 1) % 3)
    for (const end = at + run; at < end; at++) data[at] = values[channel * 256 + bytes[at]!]!;
  return { grid, data };
}

/**
 * Frames to rows of bytes: two frames a slice (an odd last frame is repeated), a row a patch, rows in merge-block
 * order, columns by channel, frame of the pair, patch row, patch column.
 * @throws VideocapError `InvalidVideo` when the frames are no RGB, empty, or not a multiple of the merged patch.
 */
export function pixelBytes({ shape, data }: Frames, settings: PatchSettings): { grid: Grid; data: Uint8Array } {
  const { patchSize: patch, mergeSize: merge, temporalPatchSize: pair } = settings;
  const [frames, height, width, channels] = shape;
  const unit = patch * merge;
  if (channels !== 3 || frames < 1 || height < unit || width < unit || height % unit !== 0 || width % unit !== 0)
    throw new VideocapError(
      'InvalidVideo',
      `Frames of shape [${shape}] are not [frames, height, width, 3] with sides that are multiples of ${unit}; ` +
        `set frames.factor to ${unit}.`,
    );
  if (data.length !== frames * height * width * 3)
    throw new VideocapError('InvalidVideo', `Frames of shape [${shape}] come with ${data.length} bytes.`);

  const grid = { slices: Math.ceil(frames / pair), rows: height / patch, columns: width / patch };
  const out = new Uint8Array(grid.slices * grid.rows * grid.columns * 3 * pair * patch * patch);
  let at = 0;
  for (let slice = 0; slice < grid.slices; slice++)
    for (const [row, column] of mergeOrder(grid, merge))
      for (let channel = 0; channel < 3; channel++)
        for (let half = 0; half < pair; half++) {
          const frame = Math.min(slice * pair + half, frames - 1);
          for (let y = 0; y < patch; y++) {
            let pixel = ((frame * height + row * patch + y) * width + column * patch) * 3 + channel;
            for (let x = 0; x < patch; x++, pixel += 3) out[at++] = data[pixel]!;
          }
        }
  return { grid, data: out };
}

/** Every value that a byte of a channel can become: `[channel * 256 + byte]`. */
function normalised({ imageMean, imageStd }: ProcessorSettings): Float32Array {
  return Float32Array.from({ length: 3 * 256 }, (_, i) => {
    const channel = i >> 8;
    return ((i & 255) / 255 - imageMean[channel]!) / imageStd[channel]!;
  });
}

function* mergeOrder({ rows, columns }: Grid, merge: number): Generator<[row: number, column: number]> {
  for (let blockRow = 0; blockRow < rows; blockRow += merge)
    for (let blockColumn = 0; blockColumn < columns; blockColumn += merge)
      for (let row = 0; row < merge; row++)
        for (let column = 0; column < merge; column++) yield [blockRow + row, blockColumn + column];
}
