import { expect, test } from 'vitest';
import { createEngine, ENGINE_KINDS } from '../../../policy/engines.ts';
import { EngineConfig } from '../../../policy/policy-config.ts';
import { refusal } from '../../refusal.ts';

test.each(ENGINE_KINDS)('%s: a config can name it, and it has a driver', async (kind) => {
  expect(EngineConfig.parse({ kind })).toMatchObject({ kind });
  await createEngine(kind).close();
});

test('an engine without a driver here is refused with a sentence', () => {
  expect(() => createEngine('elsewhere' as 'onnx')).toThrow(
    refusal('InvalidConfig', 'policy.engine.kind: "elsewhere"', `set ${ENGINE_KINDS.join(' or ')}.`),
  );
});
