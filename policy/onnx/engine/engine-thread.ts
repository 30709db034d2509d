import { readFile } from 'node:fs/promises';
import { sha256 } from '../../../core/artifact-store.ts';
import { VideocapError } from '../../../core/errors.ts';
import { serveThread } from '../../../core/thread-server.ts';
import { type Weights, weightsOf } from '../model/feeds.ts';
import { PolicyModel } from '../model/model.ts';
import { freshOptimizer, type OptimizerState, readOptimizer, readWeights } from '../model/weights.ts';
import { generate } from '../sampling/generate.ts';
import { writeCheckpoint } from '../training/checkpoint.ts';
import { grpoStep } from '../training/grpo-step.ts';
import type { Learner, Trained } from '../training/learner.ts';
import { sftStep } from '../training/sft-step.ts';
import type { EngineApi, PinnedFile, PolicyFiles, UpdateResult } from './engine-messages.ts';

/**
 * The thread that computes: `onnxruntime` blocks the event loop it runs on, so it must not be the one that heartbeats.
 * One request at a time. What it keeps in memory between requests is only what their files hold, by hash: it never
 * decides a result.
 */

/** Weights kept: the current policy's, the new one's, and the reference's. */
const KEPT_WEIGHTS = 3;

let model: PolicyModel | undefined;
const weightsBySha = new Map<string, Weights>();
let optimizer: { sha256: string; state: OptimizerState } | undefined;

/** Keeps what was learnt, since the next request will ask for it, and writes it down. */
function finish({ weights, state, metrics }: Trained): UpdateResult {
  const checkpoint = writeCheckpoint(weights.tensors, state);
  keepWeights(checkpoint.weightsSha256, weights);
  optimizer = { sha256: checkpoint.optimizerSha256, state };
  return { ...checkpoint, metrics };
}

async function modelOf(name: string, threads: number): Promise<PolicyModel> {
  if (model && (model.name !== name || model.threads !== threads)) {
    await model.dispose();
    weightsBySha.clear();
    optimizer = undefined;
    model = undefined;
  }
  model ??= new PolicyModel(name, threads);
  return model;
}

async function weightsFrom(loaded: PolicyModel, file: PinnedFile): Promise<Weights> {
  const weights = weightsBySha.get(file.sha256) ?? weightsOf(readWeights(await readPinned(file), loaded.folder));
  keepWeights(file.sha256, weights);
  return weights;
}

function keepWeights(hash: string, weights: Weights): void {
  weightsBySha.delete(hash);
  weightsBySha.set(hash, weights);
  const oldest = weightsBySha.keys().next().value!;
  if (weightsBySha.size > KEPT_WEIGHTS) weightsBySha.delete(oldest);
}

async function optimizerFrom(loaded: PolicyModel, { optimizer: file }: PolicyFiles): Promise<OptimizerState> {
  if (!file) return freshOptimizer(loaded.folder);
  if (optimizer?.sha256 === file.sha256) return optimizer.state;
  return readOptimizer(await readPinned(file), loaded.folder);
}

const MEND = 'restore it, or have it made again: videocap resume <run>';

async function readPinned({ path, sha256: expected }: PinnedFile): Promise<Buffer> {
  const bytes = await readFile(path).catch((cause) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new VideocapError('CorruptArtifact', `${path} is gone; ${MEND}.`, { cause });
  });
  const found = sha256(bytes);
  if (found !== expected)
    throw new VideocapError('CorruptArtifact', `${path} hashes to ${found}, expected ${expected}; ${MEND}.`);
  return bytes;
}

async function learnerOf(loaded: PolicyModel, policy: PolicyFiles): Promise<Learner> {
  return { weights: await weightsFrom(loaded, policy.weights), state: await optimizerFrom(loaded, policy) };
}

serveThread<EngineApi>(
  {
    async generate(request, options) {
      const loaded = await modelOf(request.policy.model, request.threads);
      return generate(loaded, await weightsFrom(loaded, request.policy.weights), request, options);
    },
    async grpo(request, options) {
      const loaded = await modelOf(request.policy.model, request.threads);
      const learner = await learnerOf(loaded, request.policy);
      const reference = await weightsFrom(loaded, request.reference.weights);
      return finish(await grpoStep(loaded, learner, reference, request, options));
    },
    async sft(request, options) {
      const loaded = await modelOf(request.policy.model, request.threads);
      return finish(await sftStep(loaded, await learnerOf(loaded, request.policy), request, options));
    },
  },
  (result) => ('weights' in result ? [result.weights.buffer, result.optimizer.buffer] : []),
);
