import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';
import { sha256 } from '../../../core/artifact-store.ts';
import { VideocapError } from '../../../core/errors.ts';
import { type Weights, weightsOf } from '../model/feeds.ts';
import { PolicyModel } from '../model/model.ts';
import { freshOptimizer, type OptimizerState, readOptimizer, readWeights } from '../model/weights.ts';
import { generate } from '../sampling/generate.ts';
import { writeCheckpoint } from '../training/checkpoint.ts';
import { grpoStep } from '../training/grpo-step.ts';
import type { Learner, Trained } from '../training/learner.ts';
import { sftStep } from '../training/sft-step.ts';
import {
  CALL_CANCELLED,
  CALL_ENDED,
  type EngineRequest,
  type EngineResults,
  type PinnedFile,
  type PolicyFiles,
  type RequestMessage,
  type ResponseMessage,
  type UpdateResult,
} from './engine-messages.ts';
import type { Job } from './job.ts';

/**
 * The thread that computes: `onnxruntime` blocks the event loop it runs on, so it must not be the one that heartbeats.
 * One request at a time. What it keeps in memory between requests is only what their files hold, by hash: it never
 * decides a result.
 */

/** Weights kept: the current policy's, the new one's, and the reference's. */
const KEPT_WEIGHTS = 3;

let model: PolicyModel | undefined;
/** The state of the request being answered. */
let current: Int32Array<SharedArrayBuffer>;
const weightsBySha = new Map<string, Weights>();
let optimizer: { sha256: string; state: OptimizerState } | undefined;

async function answer(request: EngineRequest, job: Job): Promise<EngineResults[EngineRequest['kind']]> {
  const { policy, threads } = request;
  const loaded = await modelOf(policy.model, threads);
  const weights = await weightsFrom(loaded, policy.weights);
  if (request.kind === 'generate') return generate(loaded, weights, request, job);
  const learner: Learner = { weights, state: await optimizerFrom(loaded, policy) };
  if (request.kind === 'sft') return finish(await sftStep(loaded, learner, request, job));
  const reference = await weightsFrom(loaded, request.reference.weights);
  return finish(await grpoStep(loaded, learner, reference, request, job));
}

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
  model ??= new PolicyModel(name, threads, (runs) => Atomics.store(current, 1, runs ? 1 : 0));
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

async function respond({ id, request, state }: RequestMessage): Promise<void> {
  const post = (message: ResponseMessage, transfer: ArrayBuffer[] = []) => parentPort!.postMessage(message, transfer);
  const job: Job = {
    progress: (progress) => post({ id, progress }),
    throwIfCancelled: () => {
      if (Atomics.load(state, 0) === CALL_CANCELLED)
        throw new DOMException('Nobody waits for this any more.', 'AbortError');
    },
  };
  current = state;
  try {
    job.throwIfCancelled();
    const result = await answer(request, job);
    post({ id, result }, 'weights' in result ? [result.weights.buffer, result.optimizer.buffer] : []);
  } catch (error) {
    const { code, message, stack } = error as NodeJS.ErrnoException;
    post({ id, failure: { ours: error instanceof VideocapError, code, message, stack } });
  } finally {
    Atomics.store(state, 0, CALL_ENDED);
    Atomics.notify(state, 0);
  }
}

let queue = Promise.resolve();
parentPort!.on('message', (message: RequestMessage) => {
  queue = queue.then(() => respond(message));
});
