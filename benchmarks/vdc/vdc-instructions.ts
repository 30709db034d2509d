import { uniformAt } from '../../core/random.ts';
import type { VdcAspect } from './vdc-questions.ts';

/**
 * What a policy is asked for under each aspect: three instructions quoted from each of the authors' lists
 * (`rese1f/aurora`, Apache-2.0), which have 16, and 24 for the detailed caption. Those that speak of a number of frames
 * are left out.
 */
const VDC_INSTRUCTIONS: Readonly<Record<VdcAspect, readonly [string, ...string[]]>> = {
  camera: [
    'Describe the camera movements in these frames.',
    'Summarize the camera actions and perspectives.',
    'Describe any camera zooms, pans, or angle changes.',
  ],
  short: [
    'Write a one-sentence summary of the video.',
    'Summarize the video in one concise sentence.',
    'Provide a brief description of the video in one sentence.',
  ],
  background: [
    'Describe the background, including objects, location, weather, and time.',
    'Summarize the background setting of the video based on these frames.',
    'What is the environment like in these frames?',
  ],
  main_object: [
    "Describe the main subject's actions and movements.",
    "Summarize the primary subject's attributes and actions.",
    "Describe the main subject's position and movements.",
  ],
  detailed: [
    'Describe the video based on these frames in a few sentences.',
    'Explain the video using these frames.',
    'Imagine the video from these frames and describe it in detail in a few sentences.',
  ],
};

/**
 * The authors draw one at random each time; here the draw depends on aspect and video alone, so that a result can be
 * had again.
 */
export function vdcInstruction(aspect: VdcAspect, clip: string): string {
  const all = VDC_INSTRUCTIONS[aspect];
  return all[Math.floor(uniformAt(SEED, ['vdc', aspect, clip]) * all.length)]!;
}

const SEED = 0;
