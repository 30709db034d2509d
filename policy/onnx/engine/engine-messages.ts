import type { GrpoConfig } from '../../../algorithms/grpo.ts';
import type { SftConfig } from '../../../algorithms/sft.ts';
import type { Frames } from '../model/video-processor.ts';
import type { SampledGroup } from '../sampling/generate.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import type { SampledCompletion } from '../training/grpo-step.ts';
import type { Progress } from './job.ts';

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
  kind: 'generate';
  policy: PolicyFiles;
  threads: number;
  clips: { sampleId: string; frames: Frames }[];
  groupSize: number;
  maxNewTokens: number;
  /** Where the random numbers come from; without it the likeliest token is taken. */
  sampling?: { temperature: number; seed: number; step: number; round: number };
}

export interface GrpoRequest {
  kind: 'grpo';
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
  kind: 'sft';
  policy: PolicyFiles;
  threads: number;
  step: number;
  sft: SftConfig;
  samples: { frames: Frames; text: string }[];
}

export type EngineRequest = GenerateRequest | GrpoRequest | SftRequest;

export interface UpdateResult extends Checkpoint {
  metrics: Record<string, number>;
}

/** What comes back for each kind of request. */
export interface EngineResults {
  generate: SampledGroup[];
  grpo: UpdateResult;
  sft: UpdateResult;
}

/** To the thread. `state[0]` is the call's state, `state[1]` is 1 while a graph runs for it; both sides see them at once. */
export interface RequestMessage {
  id: number;
  request: EngineRequest;
  state: Int32Array<SharedArrayBuffer>;
}

/** Somebody waits for the result; nobody does any more; the thread has done with it. */
export const CALL_WANTED = 0;
export const CALL_CANCELLED = 1;
export const CALL_ENDED = 2;

/** From the thread. */
export type ResponseMessage =
  | { id: number; progress: Progress }
  | { id: number; result: EngineResults[EngineRequest['kind']] }
  | { id: number; failure: EngineFailure };

/** An error in transit: `ours` is a `VideocapError`; others keep the system's code (`ENOSPC`), if they have one. */
export interface EngineFailure {
  ours: boolean;
  code: string | undefined;
  message: string;
  stack: string | undefined;
}
