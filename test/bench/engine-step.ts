import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GrpoConfig } from '../../algorithms/grpo.ts';
import { PolicyModel } from '../../policy/onnx/model/model.ts';
import { freshOptimizer, readWeights, weightsOf } from '../../policy/onnx/model/weights.ts';
import { generate } from '../../policy/onnx/sampling/generate.ts';
import { writeCheckpoint } from '../../policy/onnx/training/checkpoint.ts';
import { grpoUpdate } from '../../policy/onnx/training/grpo-update.ts';
import { DEFAULT_PROMPT } from '../../policy/prompt-config.ts';
import { noisyFrames } from '../integration/policy/onnx/noisy-frames.ts';

/**
 * Where the time of one GRPO step goes: 4 samples x 8 completions x 112 tokens, on two threads.
 * `npx tsx test/bench/engine-step.ts [threads]`. Prints seconds, processor seconds and share of each part; only ratios
 * between parts mean anything on a machine that does other things too.
 */
const VIDEOS = 4;
const COMPLETIONS = 8;
const TOKENS = 112;

interface Cost {
  wall: number;
  processor: number;
  runs: number;
}

const costs = new Map<string, Cost>();

async function timed<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const started = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  const cost = costs.get(name) ?? { wall: 0, processor: 0, runs: 0 };
  costs.set(name, {
    wall: cost.wall + (performance.now() - started) / 1000,
    processor: cost.processor + (user + system) / 1e6,
    runs: cost.runs + 1,
  });
  return result;
}

const model = new PolicyModel('tiny', Number(process.argv[2] ?? 2));
const run = model.run.bind(model);
model.run = (graph, feeds, into) => timed(`graph ${graph}`, () => run(graph, feeds, into));
const bytes = await readFile(join(model.folder.path, 'model.safetensors'));
const read = () => weightsOf(readWeights(bytes, model.folder));
const reference = read();
let session = { weights: read(), state: freshOptimizer(model.folder) };
const clips = Array.from({ length: VIDEOS }, (_, i) => ({
  sampleId: `s${i}`,
  frames: noisyFrames(i, [8, 84, 84]),
  prompt: DEFAULT_PROMPT,
}));
const computation = { progress: () => undefined, throwIfCancelled: () => undefined };

/** Completions of exactly 112 tokens: what a policy writes depends on its training, the cost of a step should not. */
async function step(number: number): Promise<void> {
  const sampling = { temperature: 1, seed: 1, path: ['rollout', number] };
  const options = { clips, groupSize: COMPLETIONS, maxNewTokens: TOKENS, sampling };
  const groups = await timed('rollout', () => generate(model, session.weights, options, computation));
  const padded = groups.map(({ completions }, i) => ({
    ...clips[i]!,
    completions: completions.map(({ tokenIds, logProbs }, c) => ({
      tokenIds: Array.from({ length: TOKENS }, (_, t) => tokenIds[t % tokenIds.length]!),
      logProbs: Array.from({ length: TOKENS }, (_, t) => logProbs[t % logProbs.length]!),
      advantage: (c - 3.5) / 2.5,
    })),
  }));
  const batch = { learnsFrom: 'completions', groups: padded, temperature: 1, maxLength: TOKENS } as const;
  const config = GrpoConfig.parse({ kind: 'grpo' });
  const update = { session, reference: async () => reference, batch, step: 1, config };
  session = await timed('update', () => grpoUpdate.run(model, update, computation));
  await timed('checkpoint', () => writeCheckpoint(session.weights.tensors, session.state));
}

await step(1);
costs.clear();
const started = performance.now();
await step(2);
const total = (performance.now() - started) / 1000;
for (const [name, { wall, processor, runs }] of costs) {
  const share = `${((100 * wall) / total).toFixed(0)}%`;
  console.log(
    `${name.padEnd(22)} ${wall.toFixed(2)} s  ${processor.toFixed(2)} processor s  ${share.padStart(4)}  x${runs}`,
  );
}
const memory = process.resourceUsage().maxRSS / 1024;
console.log(`one step               ${total.toFixed(2)} s, at most ${memory.toFixed(0)} MiB in memory`);
