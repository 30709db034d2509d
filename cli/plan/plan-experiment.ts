import { algorithmOf } from '../../algorithms/registry.ts';
import { partsOf } from '../../algorithms/samples-per-part.ts';
import { type JudgePlan, planJudge, suitesNotCounted } from '../../configs/judge-plan.ts';
import type { ExperimentConfig } from '../../configs/schema.ts';
import { VideocapError } from '../../core/errors.ts';
import { trainFiles } from '../../datasets/dataset-config.ts';
import { readJsonl } from '../../datasets/jsonl.ts';
import { untrainable } from '../../policy/endpoint-of.ts';
import type { Dimensions } from '../../policy/plan/dimensions.ts';
import { modelDimensions } from '../../policy/plan/model-dimensions.ts';
import { type Hardware, type PolicyPlan, planPolicy } from '../../policy/plan/policy-plan.ts';
import { promptSizes, type StepWork } from '../../policy/plan/work.ts';
import type { EngineConfig } from '../../policy/policy-config.ts';
import { promptTexts } from '../../policy/prompt-config.ts';
import { type DiskPlan, planDisk } from './disk-plan.ts';

export interface ExperimentPlan {
  model: string;
  /** The published model whose sizes were taken, since this machine does not have the config's. */
  preset?: string;
  engine: EngineConfig;
  steps: number;
  work: StepWork;
  policy: PolicyPlan;
  judge: JudgePlan;
  disk: DiskPlan;
  /** What a reader must know: data that are not there, settings that do not fit. */
  notes: string[];
}

export interface PlanOptions extends Hardware {
  /** Mean tokens of a completion, where that is known; else all are as long as they may be. */
  completionTokens?: number | undefined;
}

/**
 * What an experiment takes, from its config alone: nothing is started, and neither the model nor the data need be here.
 * @throws VideocapError `InvalidModel` for a model whose sizes are not known; `InvalidConfig` for one that an endpoint
 *   serves.
 */
export async function planExperiment(config: ExperimentConfig, options: PlanOptions): Promise<ExperimentPlan> {
  const { policy, algorithm, frames, dataset, sampling } = config;
  const fault = untrainable(policy);
  if (fault !== undefined) throw new VideocapError('InvalidConfig', fault);
  const { dimensions, preset } = modelDimensions(policy.model);
  const work = workOf(config, dimensions, options.completionTokens);
  const plan = planPolicy(dimensions, policy.engine, work, options);
  const train = dataset.kind === 'shapes' ? dataset.trainSamples : await samplesOf(trainFiles(dataset.train));
  const heldOut = dataset.kind === 'shapes' ? dataset.heldOutSamples : await samplesOf([{ path: dataset.heldOut }]);
  const shown = algorithm.steps * work.groups * roundsOf(config);
  const texts = work.samples ? work.groups * roundsOf(config) * work.groupSize : 0;
  return {
    model: policy.model,
    ...(preset !== undefined && { preset }),
    engine: policy.engine,
    steps: algorithm.steps,
    work,
    policy: plan,
    judge: planJudge(config, texts, heldOut ?? 0),
    disk: planDisk(config, plan, {
      clips: Math.min(train ?? shown, shown) + (heldOut ?? 0),
      clipBytes: 3 * frameCount(frames) * frames.maxPixels,
      tokens: algorithm.steps * texts * work.meanTokens,
    }),
    notes: [
      ...(heldOut === undefined ? ['the held-out file is not here: its clips are not counted'] : []),
      ...suitesNotCounted(config).map((suite) => `what ${suite} asks the judge is not counted`),
      ...(frames.fps === undefined ? [] : [`every video is counted with ${frameCount(frames)} frames, the most`]),
      ...unfit(config, dimensions),
      ...(policy.engine.kind === 'onnx' ? ['seconds are those of the machine that CONTRIBUTING.md names'] : []),
      ...(options.completionTokens === undefined && work.samples
        ? [`every completion is counted with sampling.maxNewTokens (${sampling.maxNewTokens}) tokens, the most`]
        : []),
    ],
  };
}

function workOf(config: ExperimentConfig, dimensions: Dimensions, completionTokens?: number): StepWork {
  const { algorithm, sampling, frames, prompt, dataset } = config;
  const samples = algorithmOf(algorithm).learnsFrom === 'completions';
  const parts = partsOf(algorithm.samplesPerStep, algorithm).map(({ count }) => count);
  const characters = Math.max(...promptTexts(prompt).map(({ length }) => length));
  const most = !samples && dataset.kind === 'jsonl' ? dataset.maxReferenceTokens : sampling.maxNewTokens;
  return {
    groups: algorithm.samplesPerStep,
    ...(parts.length > 1 && { parts }),
    groupSize: samples ? sampling.groupSize : 1,
    ...promptSizes(dimensions, { frames: frameCount(frames), pixels: frames.maxPixels }, characters),
    meanTokens: Math.min(completionTokens ?? most, most),
    mostTokens: most,
    iterations: 'iterations' in algorithm ? algorithm.iterations : 1,
    samples,
    reference: 'beta' in algorithm && algorithm.beta > 0,
  };
}

function unfit({ frames }: ExperimentConfig, { vision }: Dimensions): string[] {
  const wanted = vision.patch * vision.merge;
  return frames.factor % wanted === 0
    ? []
    : [`the model takes frames whose sides are multiples of ${wanted}: set frames.factor to ${wanted}`];
}

export function frameCount({ count, maxFrames }: ExperimentConfig['frames']): number {
  return count ?? maxFrames!;
}

function roundsOf({ algorithm }: ExperimentConfig): number {
  return ('dynamicSampling' in algorithm && algorithm.dynamicSampling?.maxRounds) || 1;
}

/** Samples of files; `undefined` where one of them is not here. */
export async function samplesOf(files: readonly { path: string }[]): Promise<number | undefined> {
  try {
    let count = 0;
    for (const { path } of files) for await (const read of readJsonl(path)) if ('sample' in read) count += 1;
    return count;
  } catch (error) {
    if (error instanceof VideocapError && error.code === 'InvalidDataset') return undefined;
    throw error;
  }
}
