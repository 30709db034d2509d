import type { SampledText } from './completion.ts';
import type { Identity } from './identity.ts';
import type { NotFinite } from './not-finite.ts';
import type { RandomPath } from './random.ts';
import type { Shown } from './sample.ts';
import type { CallOptions } from './thread-calls.ts';
import type { TokenFilters } from './token-filters.ts';

/**
 * What the driver of a policy engine offers to the activities that serve its queue. It knows no artifact store:
 * policies come as files, and new checkpoints are returned. Results depend on the request alone, not on what was asked
 * before.
 *
 * Calls reject with `Diverged` when the policy leaves no token to choose, with `InvalidModel` or `CorruptArtifact` when
 * a model or a file of it is wrong, with `ReplayDiffers` when a replayed update ends in other numbers, with
 * `Unavailable` when what computes has died, and with the signal's reason when they are aborted.
 */
export interface PolicyEngine {
  /**
   * Finds the model that a config names, and checks all of it, its own weights too: what is wrong is found here, before
   * anything is prepared for it. The folder is not trusted: this ends in bounded time for any content of its files.
   * @throws VideocapError `InvalidModel`.
   */
  startPolicy(model: string, options?: CallOptions): Promise<PolicyFiles>;
  /**
   * What a model is computed with: all that its bits depend on besides weights and requests. Library, graphs or
   * kernels, processor, number of threads; of an engine on a GPU the GPU's name, its driver and CUDA.
   */
  identity(model: string, engine: ConfigSection): Promise<Identity>;
  /** `groupSize` completions of every clip, in the order of the clips. */
  generate(request: GenerateRequest, options?: GenerateOptions): Promise<SampledGroup[]>;
  /**
   * One step of training. Where a number of it is not finite, nothing of it is kept, and the result says which number.
   */
  update(request: UpdateRequest, options?: CallOptions): Promise<UpdateResult | DigestedUpdate | NotFiniteUpdate>;
  /**
   * Writes the files of a policy that has none of its own into a folder: `policy.replay` leads to it. Only engines
   * whose updates may give a digest in place of files have this.
   */
  rebuild?(policy: PolicyFiles, folder: string, options?: CallOptions): Promise<Checkpoint<PinnedFile>>;
  /** The sha256 of the weights that a file of weights is an adapter of; `undefined` of whole weights. */
  baseOf?(weights: PinnedFile): Promise<string | undefined>;
  /**
   * Writes whole weights into a folder, of a policy whose weights are an adapter, where the section trains all weights;
   * `undefined` where the section computes with the policy as it is. Only engines with adapters have this.
   */
  merged?(
    policy: PolicyFiles,
    engine: ConfigSection,
    folder: string,
    options?: CallOptions,
  ): Promise<PinnedFile | undefined>;
  /** Fills an empty folder with a policy in the form that `transformers` opens. It has files of its own. */
  exportModel(policy: PolicyFiles, folder: string, origin: PolicyOrigin): Promise<void>;
  /** The sha256 of the weights that `exportModel` put into a folder; `undefined` when it has none. */
  exportedWeights(folder: string): Promise<string | undefined>;
  /** Ends the thread or the processes that compute, and rejects open calls. The next call starts them again. */
  close(): Promise<void>;
}

/** A section of the config that only its reader knows. */
export interface ConfigSection {
  kind: string;
  [option: string]: unknown;
}

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
  /** Of an adapter: the weights that it belongs to, where the caller has them. */
  base?: PinnedFile;
  /** Of a checkpoint that was not written: the updates that lead to it from these files, in order, at least one. */
  replay?: readonly ReplayedUpdate[];
}

/** An update that was made before, and what it ended in. */
export interface ReplayedUpdate {
  runKey: string;
  step: number;
  engine: ConfigSection;
  /** As `Digested` has it. */
  digest: string;
  /** Reads what it learnt from. Throws `CorruptArtifact`. */
  request(): Promise<Omit<UpdateRequest, 'policy' | 'folder'>>;
}

/** Where a policy comes from, for those who open it elsewhere. */
export interface PolicyOrigin {
  runKey: string;
  step: number;
}

export interface GenerateOptions extends CallOptions {
  /** Told again and again: why none of the servers that sample answers; `undefined` while one does. */
  onOutage?: ((why: string | undefined) => void) | undefined;
}

export interface GenerateRequest {
  /** The engine's own section, `policy.engine`. */
  engine: ConfigSection;
  policy: PolicyFiles;
  clips: readonly (Shown & { sampleId: string })[];
  groupSize: number;
  maxNewTokens: number;
  /**
   * Seed and path of the random numbers; absent: the likeliest token is taken. `path` names the request's place in the
   * run; the sample, the place in the group and the position are appended for each number.
   */
  sampling?: { temperature: number; seed: number; path: RandomPath };
  /** Absent: all off. Of a greedy choice only the repetition penalty changes anything. */
  filters?: TokenFilters | undefined;
}

/** The texts sampled for one clip. */
export interface SampledGroup {
  sampleId: string;
  completions: SampledText[];
}

export interface UpdateRequest {
  engine: ConfigSection;
  policy: PolicyFiles;
  /** The frozen policy that the KL is measured to. */
  reference: PolicyFiles;
  /** The step that this update makes, from 1. */
  step: number;
  /** Name of the loss to minimise: `workers/torch/videocap_torch/losses/<loss>.py`. */
  loss: string;
  /** The algorithm's section of the config, with the settings of its loss and of the optimiser. */
  algorithm: ConfigSection;
  batch: CompletionBatch | ReferenceBatch;
  /** An empty folder for files of the result. The caller takes them from there, and removes it. */
  folder: string;
}

/** Completions that the policy sampled, with what the algorithm made of their rewards. */
export interface CompletionBatch {
  learnsFrom: 'completions';
  groups: readonly (Shown & { sampleId: string; completions: readonly SampledCompletion[] })[];
  temperature: number;
  /** The most tokens that a completion could have had (`dr_grpo`'s denominator). */
  maxLength: number;
}

export interface SampledCompletion {
  tokenIds: readonly number[];
  /** Under the policy alone when the tokens were sampled: `policyLogProbs` of `SampledText`, or its `logProbs`. */
  logProbs: readonly number[];
  /** `null`: left out of the update. */
  advantage: number | null;
}

/** Texts that the policy should write about their frames. */
export interface ReferenceBatch {
  learnsFrom: 'references';
  samples: readonly (Shown & { sampleId: string; text: string })[];
}

/** A new file of a policy, with its hash: its bytes, or its path in the request's folder. */
export type NewFile = { bytes: Uint8Array<ArrayBuffer>; sha256: string } | PinnedFile;

/** A policy after an update: equal weights and moments give equal bytes. */
export interface Checkpoint<File extends NewFile = NewFile> {
  /** `model.safetensors`, which `transformers` opens. */
  weights: File;
  /** `optimizer.safetensors`: AdamW's moments as `m.<parameter>` and `v.<parameter>`, and the count of updates. */
  optimizer: File;
}

/**
 * In place of a checkpoint's files: a hash that equal weights and moments have in common, however they are sharded. The
 * caller stores how to make the update again.
 */
export interface Digested {
  digest: string;
}

/**
 * A checkpoint whose files are written beside what the engine does next, into the update's folder, which stays until
 * then. They fail to come with `Unavailable`: the update is then made again from its recipe.
 */
interface FilesThatFollow {
  files?: Promise<Checkpoint<PinnedFile>>;
}

interface Metrics {
  /** `loss`, `gradNorm`, `learningRate`, `tokens`, `updates`, and others of the loss. */
  metrics: Record<string, number>;
}
export type UpdateResult<File extends NewFile = NewFile> = Checkpoint<File> & Metrics;
export type DigestedUpdate = Digested & FilesThatFollow & Metrics;

/** An update that was not made, the same however often it is asked for. */
export interface NotFiniteUpdate {
  notFinite: NotFinite;
}
