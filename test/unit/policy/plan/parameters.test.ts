import { describe, expect, it, test } from 'vitest';
import { openModelFolder } from '../../../../policy/onnx/model/model-folder.ts';
import { modelDimensions, PRESET_NAMES } from '../../../../policy/plan/model-dimensions.ts';
import { adapterParameters, countParameters } from '../../../../policy/plan/parameters.ts';
import { refusal } from '../../../refusal.ts';

/** Counted over `named_parameters()` of the models that transformers 5.24.0 builds on the meta device. */
const COUNTED: Record<string, [decoder: number, embeddings: number, head: number, vision: number]> = {
  'Qwen/Qwen2-VL-2B-Instruct': [1_310_340_608, 233_373_696, 0, 665_271_296],
  'Qwen/Qwen2-VL-7B-Instruct': [6_525_621_760, 544_997_376, 544_997_376, 675_759_104],
  'Qwen/Qwen2.5-VL-7B-Instruct': [6_525_621_760, 544_997_376, 544_997_376, 676_550_144],
  'Qwen/Qwen3-VL-4B-Instruct': [3_633_511_936, 388_956_160, 0, 415_347_712],
  'Qwen/Qwen3-VL-8B-Instruct': [6_946_075_648, 622_329_856, 622_329_856, 576_388_336],
};

describe('countParameters', () => {
  test.each(Object.entries(COUNTED))('%s: every group to the last parameter', (name, counted) => {
    const { decoder, embeddings, head, vision, total } = countParameters(modelDimensions(name).dimensions);
    expect([decoder, embeddings, head, vision]).toEqual(counted);
    expect(total).toBe(counted.reduce((sum, one) => sum + one));
  });

  it('covers every preset', () => {
    expect(Object.keys(COUNTED).sort()).toEqual([...PRESET_NAMES].sort());
  });

  it('counts the shipped model as its file of weights does', () => {
    expect(countParameters(modelDimensions('tiny').dimensions).total).toBe(openModelFolder('tiny').parameterCount);
  });
});

it('counts adapters of all linear layers of the decoder', () => {
  // 2,523,136 a rank at 7B.
  const { dimensions } = modelDimensions('Qwen/Qwen2-VL-7B-Instruct');
  expect(adapterParameters(dimensions, 64)).toBe(64 * 2_523_136);
});

describe('modelDimensions', () => {
  it('finds a published model by the last part of a path that is not here', () => {
    expect(modelDimensions('/models/qwen2-vl-7b-instruct').preset).toBe('Qwen/Qwen2-VL-7B-Instruct');
  });

  it('refuses a model whose sizes it does not know', () => {
    expect(() => modelDimensions('/models/other')).toThrow(refusal('InvalidModel', '/models/other', PRESET_NAMES[0]!));
  });
});
