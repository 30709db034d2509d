import { expect, test } from 'vitest';
import type { ModelFolder } from '../../../../../policy/onnx/model/model-folder.ts';
import { type FloatTensors, writeSafetensors } from '../../../../../policy/onnx/model/safetensors.ts';
import { freshOptimizer, readOptimizer, readWeights } from '../../../../../policy/onnx/model/weights.ts';
import { writeCheckpoint } from '../../../../../policy/onnx/training/checkpoint.ts';

const folder = {
  name: 'tiny',
  parameters: [
    { name: 'b', shape: [2] },
    { name: 'a', shape: [1, 3] },
  ],
} as ModelFolder;
const a = { shape: [1, 3], data: Float32Array.of(1, 2, 3) };
const b = { shape: [2], data: Float32Array.of(4, 5) };
const weights: FloatTensors = new Map([
  ['a', a],
  ['b', b],
]);

test('weights come in the order that gradients do', () => {
  expect([...readWeights(writeSafetensors(weights), folder)]).toEqual([
    ['b', b],
    ['a', a],
  ]);
});

test.each<[string, FloatTensors, string]>([
  ['is missing', new Map([['a', a]]), "the graphs take b [2], but the file's tensors lack it"],
  [
    'has another shape',
    new Map([
      ['a', a],
      ['b', { shape: [1, 2], data: b.data }],
    ]),
    "b [2], but the file's tensors have it as [1,2]",
  ],
  [
    'is not finite',
    new Map([
      ['a', a],
      ['b', { shape: [2], data: Float32Array.of(1, Number.NaN) }],
    ]),
    'hold numbers in it that are not finite',
  ],
])('refuses weights of which one %s', (_, tensors, fault) => {
  expect(() => readWeights(writeSafetensors(tensors), folder)).toThrow(fault);
});

test('a checkpoint holds weights and moments exactly, and how many updates made them', () => {
  const state = {
    updates: 12,
    first: new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x / 10) }])),
    second: new Map([...weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => x / 100) }])),
  };
  const files = writeCheckpoint(weights, state);
  expect(Object.fromEntries(readWeights(files.weights.bytes, folder))).toEqual({ a, b });
  const read = readOptimizer(files.optimizer.bytes, folder);
  expect(read.updates).toBe(12);
  expect(Object.fromEntries(read.first)).toEqual(Object.fromEntries(state.first));
  expect(Object.fromEntries(read.second)).toEqual(Object.fromEntries(state.second));
});

test('a fresh optimiser has moments of 0 and no update', () => {
  const { updates, first, second } = freshOptimizer(folder);
  expect(updates).toBe(0);
  expect([...first.get('a')!.data, ...second.get('b')!.data]).toEqual([0, 0, 0, 0, 0]);
});

test('an optimiser state that does not say its updates is refused', () => {
  const { optimizer } = writeCheckpoint(weights, freshOptimizer(folder));
  expect(readOptimizer(optimizer.bytes, folder).updates).toBe(0);
  expect(() => readOptimizer(writeSafetensors(weights), folder)).toThrow('does not say its number of updates');
});
