import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, it, vi } from 'vitest';
import { GrpoConfig } from '../../../algorithms/grpo.ts';
import type { Feeds } from '../../../policy/onnx/model/feeds.ts';
import { PolicyModel } from '../../../policy/onnx/model/model.ts';
import { freshOptimizer, readWeights, weightsOf } from '../../../policy/onnx/model/weights.ts';
import { generate } from '../../../policy/onnx/sampling/generate.ts';
import { grpoUpdate } from '../../../policy/onnx/training/grpo-update.ts';
import { endlessModel } from '../../bench/endless-model.ts';
import { clipsOfNoise } from '../../bench/rows/shown.ts';
import { expectCosts } from './known-costs.ts';

const [CLIPS, GROUP, TOKENS] = [4, 8, 24];
const COMPUTATION = { progress: () => undefined, throwIfCancelled: () => undefined };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-costs-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('a GRPO step of 4 x 8 completions of 24 tokens runs as many graphs, on as much, as it is known to', async () => {
  const model = new PolicyModel(await endlessModel(join(folder, 'endless')), 2);
  const bytes = await readFile(join(model.folder.path, 'model.safetensors'));
  const weights = weightsOf(readWeights(bytes, model.folder));
  const costs: Record<string, number> = {};
  const run = model.run.bind(model);
  vi.spyOn(model, 'run').mockImplementation(async (graph, feeds, into = {}) => {
    const output = await run(graph, feeds, into);
    const add = (name: string, value: number) => {
      costs[`${graph} ${name}`] = (costs[`${graph} ${name}`] ?? 0) + value;
    };
    add('runs', 1);
    add('tokens x layers', positions(feeds) * model.layers);
    add(
      'bytes copied out',
      Object.entries(output)
        .filter(([name]) => !(name in into))
        .reduce((sum, [, { data }]) => sum + (data as Float32Array).byteLength, 0),
    );
    return output;
  });
  const clips = clipsOfNoise(CLIPS);
  const sampling = { temperature: 1, seed: 1, path: ['costs'] };
  const options = { clips, groupSize: GROUP, maxNewTokens: TOKENS, sampling };
  const groups = await generate(model, weights, options, COMPUTATION);
  const learnt = groups.map(({ completions }, i) => ({
    ...clips[i]!,
    completions: completions.map(({ tokenIds, logProbs }, c) => ({ tokenIds, logProbs, advantage: c - 3.5 })),
  }));
  await grpoUpdate.run(
    model,
    {
      session: { weights, state: freshOptimizer(model.folder) },
      // Other weights than the policy's, so that they need a pass of their own.
      reference: async () => weightsOf(readWeights(bytes, model.folder)),
      batch: { learnsFrom: 'completions', groups: learnt, temperature: 1, maxLength: TOKENS },
      step: 1,
      config: GrpoConfig.parse({ kind: 'grpo' }),
    },
    COMPUTATION,
  );
  await model.dispose();
  await expectCosts('engine: GRPO step of 4 x 8 x 24 tokens', costs);
});

/** Of text, in all sequences of a graph's inputs. */
function positions(feeds: Feeds): number {
  const ids = ['prefix_ids', 'suffix_ids', 'input_ids', 'completion_ids'];
  return ids.reduce((sum, name) => sum + (feeds[name]?.size ?? 0), 0);
}
