import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { PromptText } from '../../core/prompt.ts';
import { uniformAt } from '../../core/random.ts';
import { VdcAspect } from './vdc-questions.ts';

/**
 * What a policy is asked for under each aspect: the authors' lists (`rese1f/aurora`, Apache-2.0, src/lmms-eval/
 * lmms_eval/tasks/vdc/utils.py:51-152), 16 each, and 24 for the detailed caption. The lists of their post_eval script
 * say "8 equally spaced frames" where these say "equally spaced frames".
 */
export const VDC_INSTRUCTIONS = z
  .record(VdcAspect, z.array(PromptText).min(1))
  .parse(JSON.parse(readFileSync(new URL('./vdc-instructions.json', import.meta.url), 'utf8')));

/**
 * The authors draw one at random each time; here the draw depends on aspect and video alone, so that a result can be
 * had again.
 */
export function vdcInstruction(aspect: VdcAspect, clip: string): string {
  const all = VDC_INSTRUCTIONS[aspect];
  return all[Math.floor(uniformAt(SEED, ['vdc', aspect, clip]) * all.length)]!;
}

const SEED = 0;
