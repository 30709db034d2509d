import { expect, test } from 'vitest';
import { createEngine, ENGINE_KINDS } from '../../../policy/engines.ts';
import { EngineConfig } from '../../../policy/policy-config.ts';

test.each(ENGINE_KINDS)('%s: a config can name it, and it has a driver', async (kind) => {
  expect(EngineConfig.parse({ kind })).toMatchObject({ kind });
  await createEngine(kind).close();
});

test('an engine without a driver here is refused with a sentence', () => {
  expect(() => createEngine('elsewhere' as 'onnx')).toThrow(
    'policy.engine.kind: "elsewhere" is served by a program of its own and has no driver here; ' +
      `set ${ENGINE_KINDS.join(' or ')}.`,
  );
});
