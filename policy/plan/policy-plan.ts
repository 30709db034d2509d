import { VideocapError } from '../../core/errors.ts';
import { MAX_SEQUENCES } from '../onnx/batch-limits.ts';
import { machineBytes } from '../onnx/model/memory.ts';
import type { EngineConfig } from '../policy-config.ts';
import type { TorchConfig } from '../torch/torch-config.ts';
import { AT_ONCE } from '../torch/vllm/rollout-config.ts';
import type { Dimensions } from './dimensions.ts';
import type { Gpu } from './gpus.ts';
import { onnxMemory } from './onnx-memory.ts';
import { countParameters, type Parameters } from './parameters.ts';
import { type StepCompute, stepCompute } from './step-compute.ts';
import { type Bytes, sumOf, torchMemory } from './torch-memory.ts';
import type { StepWork } from './work.ts';

/** What a policy takes: in memory, to compute, and as a checkpoint. */
export interface PolicyPlan {
  parameters: Parameters & { trained: number };
  memory: Memory;
  /** Of the host, beside `memory`, while a checkpoint is written. */
  host: number;
  step: StepCompute;
  checkpoint: number;
  /** Steps from one checkpoint with files to the next. */
  checkpointEvery: number;
  /** What a run stores of its start policy and of its export, which with adapters is these alone. */
  weights: number;
  /** Of the folders that rollout servers load policies from. */
  handOver: number;
}

interface Phases {
  update: Bytes;
  sampling: Bytes;
}
interface Memory extends Phases {
  /** GPUs, or 0 where the machine's memory is meant. */
  gpus: number;
  peak: number;
  limit: number;
}

/**
 * Operations a second of one CPU thread, from `npm run bench` (1.6 s for a step of the quickstart on two cores). Other
 * models and processors differ by several times.
 */
const CPU_THREAD_FLOPS = 27e9;
const CPU_BANDWIDTH = 20e9;
/** What PyTorch needs to start a decoder layer's kernels one by one: our estimate, 22 ms a token at 7B. */
const SECONDS_PER_LAYER = 0.8e-3;

export interface Hardware {
  gpu: Gpu;
  mfu: number;
}

/**
 * The plan of a config's engine. `hardware` is that of the torch engine; the embedded engine has this machine's CPU.
 * @throws VideocapError `InvalidConfig` for an engine that has no formulas here.
 */
export function planPolicy(model: Dimensions, engine: EngineConfig, work: StepWork, hardware: Hardware): PolicyPlan {
  const { kind }: { kind: string } = engine;
  if (engine.kind === 'torch') return torchPlan(model, engine, work, hardware);
  if (engine.kind === 'onnx') return onnxPlan(model, engine.threads, work);
  throw new VideocapError(
    'InvalidConfig',
    `policy.engine.kind: what "${kind}" takes cannot be calculated here; set onnx or torch, or ask the engine's ` +
      'authors.',
  );
}

function torchPlan(model: Dimensions, engine: TorchConfig, work: StepWork, { gpu, mfu }: Hardware): PolicyPlan {
  const parameters = countParameters(model);
  const { trained, host, checkpoint, checkpointEvery, stored, handOver, ...phases } = torchMemory(model, engine, work);
  const { prompt, groupSize, mostTokens } = work;
  const room = Math.max(mostTokens, engine.tokensPerMicroBatch - prompt);
  const servers = engine.rollout.kind === 'vllm' ? engine.rollout.servers.length : undefined;
  const step = stepCompute(
    model,
    work,
    {
      promptCopies: Math.min(groupSize, Math.ceil((groupSize * work.meanTokens) / room)),
      scoringPasses: work.reference ? 1 : 0,
      backward: (engine.lora ? 1 : 2) + (engine.gradientCheckpointing ? 1 : 0),
      trainsVision: !engine.lora && !engine.freezeVision,
      sampledTogether: servers === undefined ? groupSize : AT_ONCE,
      // vLLM starts all kernels of a token at once.
      secondsPerToken: servers === undefined ? model.layers * SECONDS_PER_LAYER : 0,
    },
    {
      ...{ gpus: engine.ranks, samplers: servers ?? engine.ranks, mfu },
      ...{ flops: gpu.bf16TFLOPS * 1e12, bytes: gpu.bandwidthGBs * 1e9 },
    },
  );
  return {
    parameters: { ...parameters, trained },
    memory: memoryOf(phases, engine.ranks, gpu.memoryGB * 1e9),
    ...{ host, step, checkpoint, checkpointEvery, weights: stored, handOver },
  };
}

function onnxPlan(model: Dimensions, threads: number, work: StepWork): PolicyPlan {
  const parameters = countParameters(model);
  const step = stepCompute(
    model,
    work,
    {
      promptCopies: 1,
      scoringPasses: work.reference ? 1 : 0,
      backward: 2,
      trainsVision: true,
      sampledTogether: MAX_SEQUENCES,
      secondsPerToken: 0,
    },
    { gpus: 1, samplers: 1, flops: threads * CPU_THREAD_FLOPS, bytes: CPU_BANDWIDTH, mfu: 1 },
  );
  return {
    parameters: { ...parameters, trained: parameters.total },
    memory: memoryOf(onnxMemory(model, work), 0, machineBytes()),
    host: 0,
    step,
    checkpoint: 12 * parameters.total,
    checkpointEvery: 1,
    weights: 8 * parameters.total,
    handOver: 0,
  };
}

function memoryOf({ update, sampling }: Phases, gpus: number, limit: number): Memory {
  return { gpus, update, sampling, peak: Math.max(sumOf(update), sumOf(sampling)), limit };
}
