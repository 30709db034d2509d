/** Rotary position tables. The graphs take them as inputs, so the position rule lives here, in one place. */

export interface RotaryTables {
  /** `[positions, head dimension]`, each row the angles' cosines twice over (the half-split convention). */
  cos: Float32Array;
  sin: Float32Array;
}

/** Patches of a video: temporal slices, rows and columns. */
export interface Grid {
  slices: number;
  rows: number;
  columns: number;
}

export interface DecoderRotary {
  headDim: number;
  theta: number;
  /** How many of the `headDim / 2` frequencies turn with time, row and column, in this order. */
  sections: readonly number[];
}

/** The vision tower's base, fixed in Qwen2-VL. */
const VISION_THETA = 10_000;

/** Video tokens of a grid after the `merge x merge` merge. */
export function videoTokens({ slices, rows, columns }: Grid, merge: number): number {
  return (slices * rows * columns) / merge ** 2;
}

/**
 * M-RoPE positions `[3][before + video + after]` (time, row, column) of text, one video, text. Text after the video
 * starts one past the largest position so far: the rule that Qwen2-VL was trained with (paper.md, section 6.4).
 */
export function positionIds(before: number, grid: Grid, after: number, merge: number): Int32Array[] {
  const [slices, rows, columns] = [grid.slices, grid.rows / merge, grid.columns / merge];
  const video = slices * rows * columns;
  const positions = [0, 1, 2].map(() => new Int32Array(before + video + after));
  const put = (at: number, ...position: [number, number, number]) => {
    for (const [axis, value] of position.entries()) positions[axis]![at] = value;
  };
  for (let i = 0; i < before; i++) put(i, i, i, i);
  let at = before;
  for (let t = 0; t < slices; t++)
    for (let row = 0; row < rows; row++)
      for (let column = 0; column < columns; column++) put(at++, before + t, before + row, before + column);
  const start = before + Math.max(slices, rows, columns);
  for (let i = 0; i < after; i++) put(at++, start + i, start + i, start + i);
  return positions;
}

/** M-RoPE tables of positions `[3][S]`: every frequency turns with the position of its section. */
export function decoderTables(
  positions: readonly Int32Array[],
  { headDim, theta, sections }: DecoderRotary,
): RotaryTables {
  const frequencies = inverseFrequencies(headDim, theta);
  const axis = sections.flatMap((size, index) => Array<number>(size).fill(index));
  const length = positions[0]!.length;
  return tables(length, headDim, (at, i) => Math.fround(positions[axis[i]!]![at]! * frequencies[i]!));
}

/** 2-D tables of one slice's patches, in the order of the pixel rows: merge block by merge block. */
export function visionTables({ rows, columns }: Grid, headDim: number, merge: number): RotaryTables {
  const half = headDim / 2;
  const frequencies = inverseFrequencies(half, VISION_THETA);
  const places: [number, number][] = [];
  for (let blockRow = 0; blockRow < rows; blockRow += merge)
    for (let blockColumn = 0; blockColumn < columns; blockColumn += merge)
      for (let row = 0; row < merge; row++)
        for (let column = 0; column < merge; column++) places.push([blockRow + row, blockColumn + column]);
  const perAxis = half / 2;
  return tables(places.length, headDim, (at, i) => {
    const position = places[at]![i < perAxis ? 0 : 1]!;
    return Math.fround(position * frequencies[i % perAxis]!);
  });
}

/** In float32, as torch computes them. */
function inverseFrequencies(dim: number, theta: number): Float32Array {
  return Float32Array.from({ length: dim / 2 }, (_, i) => 1 / Math.fround(theta ** Math.fround((2 * i) / dim)));
}

function tables(length: number, headDim: number, angle: (at: number, i: number) => number): RotaryTables {
  const cos = new Float32Array(length * headDim);
  const sin = new Float32Array(length * headDim);
  const half = headDim / 2;
  for (let at = 0; at < length; at++)
    for (let i = 0; i < half; i++) {
      const turn = angle(at, i);
      cos[at * headDim + i] = cos[at * headDim + half + i] = Math.cos(turn);
      sin[at * headDim + i] = sin[at * headDim + half + i] = Math.sin(turn);
    }
  return { cos, sin };
}
