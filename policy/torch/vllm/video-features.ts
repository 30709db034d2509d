import { ExtData, encode } from '@msgpack/msgpack';
import type { Frames } from '../../../core/sample.ts';
import { sha256 } from '../../../core/sha256.ts';
import { type PatchSettings, pixelBytes } from '../../onnx/model/video-processor.ts';

/** A video as `/inference/v1/generate` takes what has been processed already. */
export interface VideoFeatures {
  mm_hashes: Record<string, string[]>;
  mm_placeholders: Record<string, { offset: number; length: number }[]>;
  kwargs_data: Record<string, string[]>;
}

export interface ShownVideo {
  family: 'qwen2_5_vl' | 'qwen3_vl';
  frames: Frames;
  /** The time of each frame. */
  seconds: readonly number[];
  /** The prompt's token ids with the video's tokens in place. */
  expandedIds: readonly number[];
  videoToken: number;
  patches: PatchSettings;
}

/** The type of a tensor's bytes in vLLM's messages (`vllm/v1/serial_utils.py`: `CUSTOM_TYPE_RAW_VIEW`). */
const RAW_VIEW = 3;

/**
 * A video's rows of pixels, times and places. vLLM 0.32 takes the times of frames on no request to this interface, and
 * what is processed already as its own msgpack (`scale_out/token_in_token_out/mm_serde.py`). The server normalises the
 * bytes itself (`--mm-device-do-normalize`, which is on by default).
 *
 * It drops which tokens of a place are text (`PlaceholderRangeInfo` in `protocol.py`). A video of Qwen3-VL has text
 * between its slices, so each slice is sent as an image: the vision tower sees a slice by itself, and an image and a
 * slice have the same positions.
 */
export function videoFeatures(video: ShownVideo): VideoFeatures {
  const { family, frames, expandedIds, videoToken, patches } = video;
  const { data, grid } = pixelBytes(frames, patches);
  const places = runsOf(expandedIds, videoToken);
  const isSliced = family === 'qwen3_vl';
  const [modality, pixels] = isSliced ? ['image', 'pixel_values'] : ['video', 'pixel_values_videos'];
  const slices = grid.slices / places.length;
  const rows = slices * grid.rows * grid.columns;
  const columns = data.length / (grid.slices * grid.rows * grid.columns);
  const items = places.map((_, i) => {
    const values = data.subarray(i * rows * columns, (i + 1) * rows * columns);
    return encode({
      [pixels!]: {
        data: tensor('uint8', [rows, columns], values),
        field: ['flat', { slices: [[[0, rows, null]]], dim: 0, keep_on_cpu: false }],
      },
      [`${modality}_grid_thw`]: batched(
        tensor('int64', [3], BigInt64Array.of(...[slices, grid.rows, grid.columns].map(BigInt))),
      ),
      ...(!isSliced && {
        second_per_grid_ts: batched(tensor('float32', [], Float32Array.of(secondsPerSlice(video)))),
      }),
    });
  });
  return {
    mm_hashes: { [modality!]: items.map((item) => sha256(item)) },
    mm_placeholders: { [modality!]: places },
    kwargs_data: { [modality!]: items.map((item) => Buffer.from(item).toString('base64')) },
  };
}

/** As the ranks have it (`families.py`: `_timed`). */
function secondsPerSlice({ seconds, patches }: ShownVideo): number {
  const between = seconds.length > 1 ? (seconds.at(-1)! - seconds[0]!) / (seconds.length - 1) : 1;
  return between * patches.temporalPatchSize;
}

/** Runs of a token: where each begins, and its length. */
function runsOf(ids: readonly number[], token: number): { offset: number; length: number }[] {
  const runs: { offset: number; length: number }[] = [];
  ids.forEach((id, offset) => {
    if (id !== token) return;
    if (ids[offset - 1] === token) runs.at(-1)!.length += 1;
    else runs.push({ offset, length: 1 });
  });
  return runs;
}

function tensor(dtype: string, shape: readonly number[], { buffer, byteOffset, byteLength }: ArrayBufferView) {
  return [dtype, shape, new ExtData(RAW_VIEW, new Uint8Array(buffer, byteOffset, byteLength))];
}

function batched(data: unknown) {
  return { data, field: ['batched', { keep_on_cpu: true }] };
}
