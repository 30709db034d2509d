import { test } from 'vitest';
import { FUZZ_TIMEOUT, fuzz } from '../../../../fuzz/fuzz.ts';

test(
  'any bytes are tensors of the shapes they say, or refused',
  () => fuzz(new URL('./safetensors.fuzz.ts', import.meta.url), 20_000),
  FUZZ_TIMEOUT,
);
