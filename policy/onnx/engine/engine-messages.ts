import type { GrpoConfig } from '../../../algorithms/grpo.ts';
import type { SftConfig } from '../../../algorithms/sft.ts';
import type { Frames } from '../model/video-processor.ts';
import type { SampledGroup } from '../sampling/generate.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import type { SampledCompletion } from '../training/grpo-step.ts';

/** A file and what it must hash to. */
export interface PinnedFile {
  path: string;
  sha256: string;
}

/** A policy as files: a model's name or folder, and the weights to compute with. */
export interface PolicyFiles {
  model: string;
  weights: PinnedFile;
  /** Absent before the first update. */
  optimizer?: PinnedFile;
}

export interface GenerateRequest {
  policy: PolicyFiles;
  threads: number;
  clips: { sampleId: string; frames: Frames }[];
  groupSize: number;
  maxNewTokens: number;
  /** Where the random numbers come from; without it the likeliest token is taken. */
  sampling?: { temperature: number; seed: number; step: number; round: number };
}

export interface GrpoRequest {
  policy: PolicyFiles;
  /** The frozen start policy that the KL is measured to. */
  reference: PolicyFiles;
  threads: number;
  /** The step that this update makes, from 1. */
  step: number;
  grpo: GrpoConfig;
  groups: { frames: Frames; completions: SampledCompletion[] }[];
  temperature: number;
  maxLength: number;
}

export interface SftRequest {
  policy: PolicyFiles;
  threads: number;
  step: number;
  sft: SftConfig;
  samples: { frames: Frames; text: string }[];
}

export interface UpdateResult extends Checkpoint {
  metrics: Record<string, number>;
}

/** What the engine's thread serves. */
export interface EngineApi {
  generate(request: GenerateRequest): SampledGroup[];
  grpo(request: GrpoRequest): UpdateResult;
  sft(request: SftRequest): UpdateResult;
}
