import type { GspoConfig } from '../../../algorithms/gspo.ts';
import { surrogateUpdate } from './grpo-update.ts';

/** One GSPO step. Tokens weighed 1 / length make of GRPO's sum over tokens the mean over completions. */
export const gspoUpdate = surrogateUpdate<GspoConfig>('gspo-gradients', () => 'grpo');
