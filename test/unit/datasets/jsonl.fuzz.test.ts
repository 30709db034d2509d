import { test } from 'vitest';
import { FUZZ_TIMEOUT, fuzz } from '../../fuzz/fuzz.ts';

test(
  'any file is lines that are samples or have a problem, or refused as a whole',
  () => fuzz(new URL('./jsonl.fuzz.ts', import.meta.url), 2000),
  FUZZ_TIMEOUT,
);
