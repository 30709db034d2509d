import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { createRolloutActivities } from '../../../../../activities/rollout.ts';
import { ArtifactStore } from '../../../../../core/artifact-store.ts';
import { OnnxEngine } from '../../../../../policy/onnx/engine/onnx-engine.ts';
import { openModelFolder } from '../../../../../policy/onnx/model/model-folder.ts';
import { type FloatTensors, readSafetensors, writeSafetensors } from '../../../../../policy/onnx/model/safetensors.ts';

const tiny = openModelFolder('tiny');
const roots: string[] = [];
let folder: string;
const at = (file: string) => join(folder, file);

beforeEach(async () => {
  const root = await mkdtemp(join(tmpdir(), 'videocap-hostile-model-'));
  roots.push(root);
  folder = join(root, 'model');
  await cp(tiny.path, folder, { recursive: true, filter: (path) => !path.endsWith('onnx') });
});
const engine = new OnnxEngine();
afterAll(async () => {
  await engine.close();
  await Promise.all(roots.map((root) => rm(root, { recursive: true, force: true })));
});

let runs = 0;
function load() {
  const store = new ArtifactStore(join(folder, '..', 'store'));
  const { loadPolicy } = createRolloutActivities({ store, engine });
  return loadPolicy({ runKey: `run-${++runs}`, policy: { model: folder } });
}

/** The folder is refused for this reason, in one sentence that names it. */
const refused = (fault: string) =>
  expect(load()).rejects.toMatchObject({ code: 'InvalidModel', message: expect.stringContaining(fault) });

async function changeWeights(change: (tensors: FloatTensors) => void): Promise<void> {
  const { tensors } = readSafetensors(await readFile(at('model.safetensors')));
  change(tensors);
  await writeFile(at('model.safetensors'), writeSafetensors(tensors));
}

test('a whole copy: taken', async () => {
  expect(await load()).toMatchObject({ policy: { model: folder, step: 0 } });
});

const { name, shape } = tiny.parameters[0]!;

test('missing tensor', async () => {
  await changeWeights((tensors) => tensors.delete(name));
  await refused(`Weights of "${folder}": the graphs take ${name} [${shape}], but the file's tensors lack it.`);
});

test('wrong shape', async () => {
  const turned = [...shape].reverse();
  await changeWeights((tensors) => tensors.set(name, { ...tensors.get(name)!, shape: [...turned, 1] }));
  await refused(`the graphs take ${name} [${shape}], but the file's tensors have it as [${[...turned, 1]}].`);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY])('%s', async (value) => {
  await changeWeights((tensors) => tensors.get(name)!.data.set([value], 7));
  await refused(`the graphs take ${name} [${shape}], but the file's tensors hold numbers in it that are not finite.`);
});

test.each(['pytorch_model.bin', 'model.pt', 'consolidated.00.pth', 'last.ckpt', 'weights.pkl'])(
  'pickle instead of safetensors: %s is refused by name, and never opened',
  async (pickle) => {
    await rename(at('model.safetensors'), at(pickle));
    await refused(
      `Model "${folder}" has its weights in ${pickle}, a pickle, and no model.safetensors; opening a pickle can ` +
        'run any program, so none is opened: save the weights with safetensors.torch.save_file instead.',
    );
  },
);

test.each([
  ['as torch writes it, a zip', Buffer.from('PK\x03\x04 archive/data.pkl')],
  ['bare', Buffer.from([0x80, 0x04, 0x95, 0x10, 0, 0, 0, 0, 0, 0, 0, 0x8c])],
  ['bare, of an old torch', Buffer.from([0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a])],
])('pickle under the name of safetensors: %s', async (_, bytes) => {
  await writeFile(at('model.safetensors'), bytes);
  await refused(`Model "${folder}" has a model.safetensors that is a pickle; opening a pickle can run any program`);
});

test('weights in several files', async () => {
  await rename(at('model.safetensors'), at('model-00001-of-00002.safetensors'));
  await writeFile(at('model.safetensors.index.json'), '{}');
  await refused('has its weights in several files; the onnx engine takes one: save it with a larger max_shard_size.');
});

test('no weights', async () => {
  await rm(at('model.safetensors'));
  await refused(`Model "${folder}" has no model.safetensors; use a whole copy of the model.`);
});

test('a pointer of Git LFS', async () => {
  await writeFile(at('model.safetensors'), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n');
  await refused('model.safetensors only points at a file in Git LFS');
});

test('weights of a size that no engine here takes: not read', async () => {
  await truncate(at('model.safetensors'), 2 ** 40);
  await refused(`model.safetensors has ${2 ** 40} bytes, more than ${2 ** 31 - 1}`);
});

test('truncated', async () => {
  await truncate(at('model.safetensors'), 100_000);
  await refused('ends beyond the end of the file; expected a safetensors file of F32, BF16 or F16 tensors.');
});

test('integers instead of floats', async () => {
  await writeFile(at('model.safetensors'), safetensorsOf([[name, 'I8', [2], Buffer.alloc(2)]]));
  await refused(`tensor ${name} has dtype I8; expected a safetensors file of F32, BF16 or F16 tensors.`);
});

test('weights in half precision, as most models are published', async () => {
  const { tensors } = readSafetensors(await readFile(at('model.safetensors')));
  const halves = [...tensors].map(([own, { shape, data }]): Parameters<typeof safetensorsOf>[0][number] => {
    const bits = new Uint32Array(data.buffer, data.byteOffset, data.length);
    return [own, 'BF16', shape, Buffer.from(Uint16Array.from(bits, (float) => float >>> 16).buffer)];
  });
  await writeFile(at('model.safetensors'), safetensorsOf(halves));
  expect(await load()).toMatchObject({ policy: { model: folder, step: 0 } });
});

/** A safetensors file of any dtypes, in the order given. */
function safetensorsOf(tensors: readonly [name: string, dtype: string, shape: number[], bytes: Buffer][]): Buffer {
  let at = 0;
  const header = JSON.stringify(
    Object.fromEntries(
      tensors.map(([own, dtype, shape, { length }]) => {
        at += length;
        return [own, { dtype, shape, data_offsets: [at - length, at] }];
      }),
    ),
  );
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, Buffer.from(header), ...tensors.map(([, , , bytes]) => bytes)]);
}

test('an output layer of its own is not ignored: refused by name', async () => {
  await changeWeights((tensors) => {
    const { shape, data } = tensors.get('model.embed_tokens.weight')!;
    tensors.set('lm_head.weight', { shape, data: data.map((weight) => weight + 1) });
  });
  await refused('have lm_head.weight [512,192], which no graph takes: the model would run without it');
});

test('an output layer that repeats the embeddings is the same model', async () => {
  await changeWeights((tensors) => tensors.set('lm_head.weight', tensors.get('model.embed_tokens.weight')!));
  expect(await load()).toMatchObject({ policy: { model: folder } });
});

test('a tensor that belongs to no part of the model is refused', async () => {
  await changeWeights((tensors) => tensors.set('adapter.weight', { shape: [1], data: Float32Array.of(1) }));
  await refused('have adapter.weight [1], which no graph takes');
});

test('a config says that the output layer is not tied: refused before anything is computed', async () => {
  const config = JSON.parse(await readFile(at('config.json'), 'utf8'));
  await writeFile(at('config.json'), JSON.stringify({ ...config, tie_word_embeddings: false }));
  await refused(`Model "${folder}" has a config.json whose tie_word_embeddings is false; the graphs take`);
});

test.each([
  'config.json',
  'preprocessor_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'model.safetensors',
])('%s is a pipe that nothing writes to', async (file) => {
  await rm(at(file));
  execFileSync('mkfifo', [at(file)]);
  await refused(`Model file ${at(file)} is a pipe, not a file`);
});

test.each(['config.json', 'tokenizer.json'])('%s was never fetched from Git LFS', async (file) => {
  await writeFile(at(file), 'version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n');
  await refused(`Model file ${at(file)} only points at a file in Git LFS`);
});

test.each(['tokenizer.json', 'config.json'])('%s has no end', async (file) => {
  await truncate(at(file), 2 ** 40);
  await refused(`Model file ${at(file)} has ${2 ** 40} bytes`);
});

test('only the files that belong to a model are exported: none of those beside them', async () => {
  await symlink('/etc/passwd', at('secrets.json'));
  execFileSync('mkfifo', [at('more.json')]);
  const { model, weights } = await engine.startPolicy(folder);
  const exported = join(folder, '..', 'exported');
  await mkdir(exported);
  await engine.exportModel({ model, weights }, exported);
  expect((await readdir(exported)).sort()).toEqual([
    'chat_template.jinja',
    'config.json',
    'generation_config.json',
    'model.safetensors',
    'preprocessor_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'video_preprocessor_config.json',
  ]);
});
