import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { writeSafetensors } from '../../../../policy/onnx/model/safetensors.ts';
import { startWeights } from '../../../../policy/torch/start-weights.ts';
import {
  HashedFiles,
  manifestText,
  readManifest,
  requireUnchanged,
  type WeightsManifest,
} from '../../../../policy/torch/weights-manifest.ts';
import { refusal } from '../../../refusal.ts';

const shard = (...names: string[]) =>
  writeSafetensors(new Map(names.map((name) => [name, { shape: [2], data: Float32Array.of(1, 2) }])));
const WHOLE = { a: 'one.safetensors', b: 'two.safetensors' };

/** A folder with tensors a and b in two files, and an index. */
async function folderOf(map: Record<string, string> = WHOLE): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-shards-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'one.safetensors'), shard('a'));
  await writeFile(join(folder, 'two.safetensors'), shard('b'));
  await writeFile(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: map }));
  return folder;
}

test('weights in several files are pinned by a manifest, the same however the index is ordered', async () => {
  const folder = await folderOf();
  const manifest = (await startWeights(folder, new HashedFiles())) as WeightsManifest;
  const other = (await startWeights(await folderOf({ b: WHOLE.b, a: WHOLE.a }), new HashedFiles())) as WeightsManifest;
  expect(manifest.files.map(({ name }) => name)).toEqual(['one.safetensors', 'two.safetensors']);
  expect(manifestText(other)).toBe(manifestText(manifest));
  await writeFile(join(folder, 'manifest'), manifestText(manifest));
  expect(await readManifest(join(folder, 'manifest'))).toEqual(manifest);
  expect(await readManifest(join(folder, 'one.safetensors'))).toBeUndefined();

  const hashes = new HashedFiles();
  await requireUnchanged(folder, manifest, hashes);
  await writeFile(join(folder, 'two.safetensors'), shard('b', 'c'));
  await expect(requireUnchanged(folder, manifest, hashes)).rejects.toEqual(
    refusal('CorruptArtifact', 'two.safetensors', manifest.files[1]!.sha256),
  );
});

test('one file is given itself, or as a manifest where it is large', async () => {
  const folder = await folderOf();
  const path = join(folder, 'model.safetensors');
  await writeFile(path, shard('a', 'b'));
  expect(await startWeights(folder, new HashedFiles())).toMatchObject({ path });
  expect(await startWeights(folder, new HashedFiles(), {}, 10)).toMatchObject({
    files: [{ name: 'model.safetensors' }],
  });
});

test.each<[string, Record<string, string>, string]>([
  ['a file of another folder', { a: '../one.safetensors' }, '"../one.safetensors"'],
  ['a path', { a: '/etc/one.safetensors' }, '"/etc/one.safetensors"'],
  ['a file of another kind', { a: 'config.json' }, '"config.json"'],
  ['a file that is missing', { ...WHOLE, c: 'three.safetensors' }, 'three.safetensors'],
  ['a tensor that its file lacks', { ...WHOLE, c: WHOLE.a }, 'tensor c'],
  ['a tensor as one of another file', { a: WHOLE.b, b: WHOLE.b }, 'tensor a'],
  ['no tensor', {}, 'model.safetensors.index.json'],
])('refuses an index that names %s', async (_, map, named) => {
  await expect(startWeights(await folderOf(map), new HashedFiles())).rejects.toEqual(refusal('InvalidModel', named));
});

test('refuses a tensor that is in two files, and a file that was cut off', async () => {
  const twice = await folderOf();
  await writeFile(join(twice, 'two.safetensors'), shard('a', 'b'));
  await expect(startWeights(twice, new HashedFiles())).rejects.toEqual(refusal('InvalidModel', 'tensor a'));
  const cut = await folderOf();
  for (const bytes of [0, 4, 20]) {
    await truncate(join(cut, 'one.safetensors'), bytes);
    await expect(startWeights(cut, new HashedFiles())).rejects.toEqual(refusal('InvalidModel', 'one.safetensors'));
  }
});
