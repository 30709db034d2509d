import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PolicyModel, type PromptedVideo } from '../../../policy/onnx/model/model.ts';
import { DEFAULT_PROMPT } from '../../../policy/prompt-config.ts';
import { noisyFrames } from '../../integration/policy/onnx/noisy-frames.ts';
import type { StepSizes } from '../floor/gemms.ts';

/** Frames of a clip, and their side in pixels. */
const [FRAMES, SIDE] = [8, 84];

/** What peers are shown: token ids around a clip, and the rows of its pixels, as this project's engine has them. */
export interface ShownClips {
  /** JSON; the rows are beside it. */
  file: string;
  videos: PromptedVideo[];
  /** Positions of a prompt with its clip. */
  prompt: number;
  /** Shape of a clip: frames, height, width, channels. */
  frames: readonly number[];
}

/** Clips of noise, in files that Python reads. */
export async function writeShown(folder: string, modelFolder: string, count: number): Promise<ShownClips> {
  const model = new PolicyModel(modelFolder, 1);
  const videos = clipsOfNoise(count).map((clip) => model.prompted(clip));
  const pixels = join(folder, 'pixels.f32');
  await writeFile(pixels, Buffer.concat(videos.map(({ pixels: { data } }) => Buffer.from(data.slice().buffer))));
  const { grid } = videos[0]!.pixels;
  const prompt = model.promptLength(videos[0]!);
  const { prefix, suffix } = videos[0]!.prompt;
  const file = join(folder, 'shown.json');
  const shape = [grid.slices, grid.rows, grid.columns];
  const suppressed = [...model.suppressed.entries()].filter(([, one]) => one === 1).map(([id]) => id);
  const about = { pixels, grid: shape, prefix, suffix, suppressed, endToken: model.tokenizer.endToken };
  await writeFile(file, JSON.stringify(about));
  return { file, videos, prompt, frames: [FRAMES, SIDE, SIDE, 3] };
}

export function clipsOfNoise(count: number) {
  return Array.from({ length: count }, (_, i) => ({
    sampleId: `s${i}`,
    frames: noisyFrames(i, [FRAMES, SIDE, SIDE]),
    prompt: DEFAULT_PROMPT,
  }));
}

export function stepSizes(
  { videos, prompt }: ShownClips,
  { clips, group, tokens }: Pick<StepSizes, 'clips' | 'group' | 'tokens'>,
): StepSizes {
  const { slices, rows, columns } = videos[0]!.pixels.grid;
  return { clips, group, tokens, prompt, slices, patches: rows * columns };
}
