import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VideocapError } from '../../../core/errors.ts';
import type { PinnedFile, PolicyFiles, UpdateResult } from '../../../core/policy-engine.ts';
import { sha256 } from '../../../core/sha256.ts';
import { serveThread } from '../../../core/thread-server.ts';
import { readFixedFiles } from '../../model/fixed-files.ts';
import { LanedModel } from '../lanes/laned-model.ts';
import { useLast } from '../lanes/use-last.ts';
import { PolicyModel } from '../model/model.ts';
import {
  freshOptimizer,
  type OptimizerState,
  readOptimizer,
  readWeights,
  type Weights,
  weightsOf,
} from '../model/weights.ts';
import { readWeightsFile, WEIGHTS_FILE } from '../model/weights-file.ts';
import { SAMPLING_GRAPHS } from '../sampling/generate.ts';
import { type InMemory, writeCheckpoint } from '../training/checkpoint.ts';
import type { TrainedSession } from '../training/optimizer-session.ts';
import { requireFiniteMetrics, UpdateStopped } from '../training/update-stopped.ts';
import { updateOf } from '../training/updates.ts';
import type { EngineApi } from './engine-api.ts';

/**
 * The thread that computes: `onnxruntime` blocks the event loop it runs on, so it must not be the one that heartbeats.
 * One request at a time. What it keeps in memory between requests is only what their files hold, by hash: it never
 * decides a result.
 */

/** Weights kept: those of the current policy, the new one and the reference. */
const KEPT_WEIGHTS = 3;

let model: LanedModel | undefined;
const weightsBySha = new Map<string, Weights>();
let optimizer: { sha256: string; state: OptimizerState } | undefined;

/** Keeps the new weights and optimiser state, which the next request will ask for, and gives them as files. */
function finish({ weights, state, metrics }: TrainedSession): UpdateResult<InMemory> {
  const checkpoint = writeCheckpoint(weights.tensors, state);
  useLast(weightsBySha, checkpoint.weights.sha256, () => weights, KEPT_WEIGHTS);
  optimizer = { sha256: checkpoint.optimizer.sha256, state };
  return { ...checkpoint, metrics };
}

/** The thread's own model stays: one that is only looked at must not cost a running one its memory. */
function open(name: string): PolicyFiles {
  const opened = new PolicyModel(name, 1);
  opened.requireGraphs(SAMPLING_GRAPHS, 'sampling');
  const { folder } = opened;
  readFixedFiles(folder.path);
  const bytes = readWeightsFile(folder);
  readWeights(bytes, folder);
  return { model: folder.name, weights: { path: join(folder.path, WEIGHTS_FILE), sha256: sha256(bytes) } };
}

async function modelOf(name: string, threads: number): Promise<LanedModel> {
  if (model && (model.name !== name || model.threads !== threads)) {
    await model.dispose();
    weightsBySha.clear();
    optimizer = undefined;
    model = undefined;
  }
  model ??= new LanedModel(name, threads);
  return model;
}

async function weightsFrom(loaded: PolicyModel, file: PinnedFile): Promise<Weights> {
  const weights = weightsBySha.get(file.sha256) ?? weightsOf(readWeights(await readPinned(file), loaded.folder));
  return useLast(weightsBySha, file.sha256, () => weights, KEPT_WEIGHTS);
}

async function optimizerFrom(loaded: PolicyModel, { optimizer: file }: PolicyFiles): Promise<OptimizerState> {
  if (!file) return freshOptimizer(loaded.folder);
  if (optimizer?.sha256 === file.sha256) return optimizer.state;
  return readOptimizer(await readPinned(file), loaded.folder);
}

const REMEDY = 'restore it, or have it made again: videocap resume <run>';

async function readPinned({ path, sha256: expected }: PinnedFile): Promise<Buffer> {
  const bytes = await readFile(path).catch((cause) => {
    if (cause.code !== 'ENOENT') throw cause;
    throw new VideocapError('CorruptArtifact', `${path} is gone; ${REMEDY}.`, { cause });
  });
  const found = sha256(bytes);
  if (found !== expected)
    throw new VideocapError('CorruptArtifact', `${path} hashes to ${found}, expected ${expected}; ${REMEDY}.`);
  return bytes;
}

serveThread<EngineApi>(
  {
    open: ({ model: name }) => open(name),
    async generate({ policy, engine, ...options }, computation) {
      const loaded = await modelOf(policy.model, engine.threads);
      loaded.requireGraphs(SAMPLING_GRAPHS, 'sampling');
      return loaded.generate(await weightsFrom(loaded, policy.weights), options, computation);
    },
    async update({ policy, reference, engine, step, loss, algorithm: config, batch }, computation) {
      const update = updateOf(loss, batch);
      const loaded = await modelOf(policy.model, engine.threads);
      loaded.requireGraphs(update.graphs, `algorithm ${config.kind}`);
      const session = {
        weights: await weightsFrom(loaded, policy.weights),
        state: await optimizerFrom(loaded, policy),
      };
      const frozen = () => weightsFrom(loaded, reference.weights);
      const wanted = { session, reference: frozen, batch, step, config };
      try {
        const trained = await update.run(loaded, wanted, computation);
        requireFiniteMetrics(trained.metrics);
        return finish(trained);
      } catch (error) {
        if (error instanceof UpdateStopped) return { notFinite: error.found };
        throw error;
      }
    },
  },
  (result) => ('metrics' in result ? [result.weights.bytes.buffer, result.optimizer.bytes.buffer] : []),
);
