import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { graphPath, openModelFolder } from '../../../../../policy/onnx/model/model-folder.ts';
import { refusal } from '../../../../refusal.ts';

const tiny = openModelFolder('tiny');
const roots: string[] = [];
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-model-'));
  roots.push(folder);
  for (const file of ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'preprocessor_config.json'])
    await cp(join(tiny.path, file), join(folder, file));
});
afterAll(() => Promise.all(roots.map((root) => rm(root, { recursive: true, force: true }))));

interface ConfigFile {
  model_type: string;
  text_config: { num_hidden_layers: number };
}

async function change(file: string, edit: (json: ConfigFile) => void): Promise<void> {
  const json = JSON.parse(await readFile(join(folder, file), 'utf8'));
  edit(json);
  await writeFile(join(folder, file), JSON.stringify(json));
}

test('a shipped model is found by name', () => {
  expect(tiny.name).toBe('tiny');
  expect(tiny.processor).toMatchObject({ patchSize: 14, mergeSize: 2, temporalPatchSize: 2 });
  expect(tiny.parameterCount).toBeGreaterThan(2_000_000);
  expect(tiny.parameters.map(({ name }) => name)).toContain('model.embed_tokens.weight');
});

test('a folder without graphs uses those of the shipped model with the same dimensions', () => {
  expect(openModelFolder(folder)).toMatchObject({ name: folder, path: folder, graphFolder: tiny.graphFolder });
});

test('a model of other dimensions needs graphs of its own', async () => {
  await change('config.json', (config) => {
    config.text_config.num_hidden_layers = 28;
  });
  expect(() => openModelFolder(folder)).toThrow(
    /has no ONNX graphs, and no shipped model has its dimensions; use graphs/,
  );
});

test.each(['config.json', 'tokenizer.json', 'preprocessor_config.json'])('says that %s is missing', async (file) => {
  await rm(join(folder, file));
  expect(() => openModelFolder(folder)).toThrow(
    `Model "${folder}" has no ${file}; use a folder as transformers writes it.`,
  );
});

test('says that there is no such model, and which ones ship', () => {
  expect(() => openModelFolder('tinny')).toThrow('Model "tinny" is neither a shipped model (tiny) nor a folder');
  expect(() => openModelFolder('constructor')).toThrow('Model "constructor" is neither');
});

test('says what is wrong with a config that is of another kind, or no JSON', async () => {
  await change('config.json', (config) => {
    config.model_type = 'llava';
  });
  expect(() => openModelFolder(folder)).toThrow(refusal('InvalidModel', folder, 'model_type', 'llava'));
  await writeFile(join(folder, 'config.json'), '{');
  expect(() => openModelFolder(folder)).toThrow(refusal('InvalidModel', folder, 'config.json', 'JSON'));
});

test.each([
  ['image_std', [0, 1, 1]],
  ['do_normalize', false],
  ['rescale_factor', 1],
  ['patch_size', 0],
  ['merge_size', 1e12],
  ['temporal_patch_size', 1],
])('a preprocessor_config.json that makes other numbers of the pixels: %s %j', async (field, value) => {
  await change('preprocessor_config.json', (json) => Object.assign(json, { [field]: value }));
  expect(() => openModelFolder(folder)).toThrow(refusal('InvalidModel', folder, 'preprocessor_config.json', field));
});

test("sizes of the frames are the config's, whatever the folder says", async () => {
  await change('preprocessor_config.json', (json) => Object.assign(json, { max_pixels: 1e12, size: null }));
  expect(openModelFolder(folder)).toMatchObject({ name: folder });
});

test('knows the graphs that graphs.json lists, and the loss whose gradients they compute', () => {
  const losses = Object.entries(tiny.graphs).map(([graph, { loss }]) => [graph, loss]);
  expect(losses).toEqual([
    ['prefill', undefined],
    ['decode', undefined],
    ['logprobs', undefined],
    ['grpo-gradients', 'grpo'],
    ['sft-gradients', 'sft'],
    ['gspo-gradients', 'gspo'],
    ['adamw', undefined],
  ]);
  expect(tiny.graphs['grpo-gradients']!.inputs).toEqual(expect.arrayContaining(['old_logprobs', 'clip_low', 'beta']));
  expect(graphPath(tiny, 'decode', 'sampling')).toBe(join(tiny.graphFolder, 'decode.onnx'));
});

test('a graph that is not there is missed by name only when it is asked for', () => {
  expect(() => graphPath(tiny, 'ppo-gradients', 'algorithm ppo')).toThrow(
    'Model "tiny" has no graph ppo-gradients, which algorithm ppo needs; run `npm run model:build` to make it in ',
  );
});
