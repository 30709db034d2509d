import type { Dimensions } from './dimensions.ts';

/** What one step computes. */
export interface StepWork {
  /** Samples of a step: groups. */
  groups: number;
  /** Groups of each part of a step's first round, one of which is sampled at a time; absent: all are one part. */
  parts?: readonly number[];
  /** Texts of a group. */
  groupSize: number;
  /** Tokens of a prompt with its video, and of the video alone. */
  prompt: number;
  videoTokens: number;
  /** Patches of a video in the vision tower, and of one slice of it. */
  patches: number;
  slicePatches: number;
  /** Tokens of a text on average, and at most. */
  meanTokens: number;
  mostTokens: number;
  /** Updates with one batch. */
  iterations: number;
  /** Whether a step samples its texts. */
  samples: boolean;
  /** Whether a reference policy scores them. */
  reference: boolean;
}

/** Frames of a video as the model sees them. */
export interface Shown {
  frames: number;
  /** Of a frame. */
  pixels: number;
}

/** Tokens around each slice of a Qwen3-VL: its time, such as `<1.5 seconds>`, and two marks. */
const TOKENS_PER_TIME = 9;
/** Of the chat template: the system's turn and the marks of turns. */
const TEMPLATE_TOKENS = 28;
/** English text. */
const CHARACTERS_PER_TOKEN = 4;

/** Tokens and patches of a video, and of a prompt with it. Frames have at most `pixels`, so these are upper limits. */
export function promptSizes({ family, vision }: Dimensions, { frames, pixels }: Shown, characters: number) {
  const slices = Math.ceil(frames / vision.pair);
  const perSlice = Math.max(1, Math.floor(pixels / (vision.patch * vision.merge) ** 2));
  const [videoTokens, slicePatches] = [slices * perSlice, perSlice * vision.merge ** 2];
  const times = family === 'qwen3_vl' ? slices * TOKENS_PER_TIME : 0;
  const prompt = videoTokens + times + TEMPLATE_TOKENS + Math.ceil(characters / CHARACTERS_PER_TOKEN);
  return { prompt, videoTokens, slicePatches, patches: slices * slicePatches };
}
