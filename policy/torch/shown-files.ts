import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Shown } from '../../core/sample.ts';
import type { PolicyTokenizer } from '../model/tokenizer.ts';

/** A clip as the ranks take it: frames in a file, and the prompt's tokens with one placeholder for the video. */
export interface ShownFile {
  sampleId: string;
  frames: { path: string; shape: readonly number[]; seconds: readonly number[] };
  promptIds: number[];
}

/** Writes the frames of a request's clip `index` into its folder. */
export async function writeShown(
  folder: string,
  index: number,
  { sampleId, frames, prompt }: Shown & { sampleId: string },
  tokenizer: PolicyTokenizer,
): Promise<ShownFile> {
  const path = join(folder, `clip-${index}.rgb`);
  await writeFile(path, frames.data);
  const { prefix, suffix } = tokenizer.prompt(prompt);
  const seconds = frames.times ?? Array.from({ length: frames.shape[0] }, (_, i) => i);
  return {
    sampleId,
    frames: { path, shape: frames.shape, seconds },
    promptIds: [...prefix, tokenizer.videoToken, ...suffix],
  };
}
