import { test } from 'vitest';
import { FUZZ_TIMEOUT, fuzz } from '../../fuzz/fuzz.ts';

test(
  'any text is a config, or refused in sentences that name the file',
  () => fuzz(new URL('./load-config.fuzz.ts', import.meta.url), 2000),
  FUZZ_TIMEOUT,
);
