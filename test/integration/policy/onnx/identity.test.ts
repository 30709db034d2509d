import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { differences, Identity } from '../../../../core/identity.ts';
import { OnnxEngine } from '../../../../policy/onnx/engine/onnx-engine.ts';

const engine = new OnnxEngine();
afterAll(() => engine.close());

test('the engine says with what it computes', async () => {
  const identity = Identity.parse(await engine.identity('tiny', { kind: 'onnx', threads: 2 }));
  expect(identity).toMatchObject({
    ...{ engine: 'onnx', threads: '2', node: process.version, system: `${process.platform}-${process.arch}` },
    onnxruntime: expect.stringMatching(/^\d+\.\d+\.\d+/),
    graphs: expect.stringMatching(/^[0-9a-f]{12}$/),
  });
});

test('another number of threads is another identity', async () => {
  const [two, four] = [
    await engine.identity('tiny', { kind: 'onnx', threads: 2 }),
    await engine.identity('tiny', { kind: 'onnx', threads: 4 }),
  ];
  expect(differences(two, four)).toEqual([{ fact: 'threads', before: '2', after: '4' }]);
});

test('so is another graph under the same name, in a process that knows the old one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-graphs-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await cp(fileURLToPath(new URL('../../../../policy/models/tiny', import.meta.url)), folder, { recursive: true });
  const before = await engine.identity(folder, { kind: 'onnx' });
  await writeFile(join(folder, 'onnx', 'decode.onnx'), 'another graph');
  expect(differences(before, await engine.identity(folder, { kind: 'onnx' })).map(({ fact }) => fact)).toEqual([
    'graphs',
  ]);
});
