import { test } from 'vitest';
import { FUZZ_TIMEOUT, fuzz } from '../../fuzz/fuzz.ts';

test(
  'any text is taken apart, and what is found in it is what it seems',
  () => fuzz(new URL('./completion.fuzz.ts', import.meta.url), 20_000),
  FUZZ_TIMEOUT,
);
