import { test } from 'vitest';
import { FUZZ_TIMEOUT, fuzz } from '../../../../fuzz/fuzz.ts';

test(
  'a folder with any wrong file is a model, or refused by a sentence',
  () => fuzz(new URL('./model-folder.fuzz.ts', import.meta.url), 1500),
  FUZZ_TIMEOUT,
);
