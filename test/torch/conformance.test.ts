import { test } from 'vitest';
import { createEngine } from '../../policy/engines.ts';
import { conformanceStage } from '../conformance/conformance-stage.ts';

const stage = conformanceStage(createEngine('torch'));

test.each([
  ['all weights, one rank', { ranks: 1, freezeVision: false }],
  ['adapters, two ranks', { ranks: 2, lora: { rank: 8, alpha: 16 } }],
])('the torch engine keeps the engine contract: %s', async (name, section) => {
  const engine = { kind: 'torch', dtype: 'float32', ...section } as const;
  await stage.play({ model: 'tiny', engine }, name.replaceAll(/\W+/g, '-'));
});
