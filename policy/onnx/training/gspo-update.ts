import type { GspoConfig } from '../../../algorithms/gspo.ts';
import { surrogateUpdate } from './grpo-update.ts';

/** One GSPO step: the mean over completions, each by its own ratio; with tokens weighed 1 / length that is GRPO's sum. */
export const gspoUpdate = surrogateUpdate<GspoConfig>('gspo-gradients', () => 'grpo');
