import {
  ApplicationFailure,
  makeContinueAsNewFunc,
  setCurrentDetails,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import { algorithmOf } from '../algorithms/registry.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { HeldBy } from '../contracts/held-by.ts';
import { TrainingRunInput } from '../contracts/run-input.ts';
import type { RunMemo } from '../contracts/run-memo.ts';
import type { RunProgress, RunSnapshot } from '../contracts/run-state.ts';
import { runTitle } from '../contracts/run-title.ts';
import { UNNAMED_CONFIG } from '../contracts/start-choices.ts';
import type { PolicyRef } from '../core/policy-ref.ts';
import { keyOfRun, wrongRunId } from '../core/run-key.ts';
import { untrainable } from '../policy/endpoint-of.ts';
import { parseRunCheckpoint } from '../policy/run-checkpoint.ts';
import { neededFields } from '../rewards/registry.ts';
import type { ControlState } from './control.ts';
import { holdWeights, weightsHolder } from './near-weights.ts';
import { parseInput } from './parse-input.ts';
import { FRESH } from './run-phase.ts';
import { RunState } from './run-state.ts';
import { noteAttributes } from './search-attributes.ts';
import { longActivities, mediaActivities, policyActivities, shortActivities } from './stages.ts';

/** The input of an execution that continues a run as new. */
export interface Continuation<Snapshot = RunSnapshot> {
  continued: Snapshot;
  control: ControlState;
  /** The worker that has the run's weights loaded. */
  heldBy?: HeldBy | undefined;
}

/**
 * Continues as new from the snapshot. Temporal drops the memo unless it is passed on, and `resume`, `fork` and `gc`
 * identify a run by it; the search attributes, too.
 */
export async function continueAsNew<Snapshot>(continuation: Continuation<Snapshot>): Promise<never> {
  const { memo = {}, typedSearchAttributes } = workflowInfo();
  const heldBy = weightsHolder();
  return makeContinueAsNewFunc<(input: Continuation<Snapshot>) => Promise<unknown>>({ memo, typedSearchAttributes })({
    ...continuation,
    ...(heldBy && { heldBy }),
  });
}

/** Control state of the execution that this one continues, if it continues one. */
export function controlStateOf(raw: unknown): ControlState | undefined {
  return isContinuation(raw) ? raw.control : undefined;
}

/**
 * A fresh run from a person's input, the rest of a run from its own snapshot, or one that continues from the progress
 * that another execution has stored.
 * @throws ApplicationFailure `InvalidConfig` for a policy that cannot be trained.
 */
export async function startRun(raw: unknown): Promise<RunState> {
  if (isContinuation(raw)) {
    holdWeights(raw.heldBy);
    return new RunState(raw.continued);
  }
  const input = parseInput(TrainingRunInput, raw, '{"config": "quickstart", "overrides": {"algorithm.steps": 10}}');
  const { config, configHash, overrides, resume, fork, sweep } = input;
  const limits = resume?.limits;
  const runKey = resume?.run ?? newRunKey();
  const memo: RunMemo = {
    ...{ run: runKey, config, ...(configHash && { configHash }), overrides },
    ...(fork && { fork }),
    ...(limits && { limits }),
  };
  upsertMemo({ ...memo });
  noteAttributes({ ...FRESH, ...(sweep && { arm: sweep.arm, sweep: sweep.sweep }) });
  const startNote = namesConfig(raw) || resume || fork ? undefined : UNNAMED_CONFIG;
  setCurrentDetails(startNote ?? `Starts: config ${config}.`);
  const run = await runOf(input, runKey);
  if (startNote !== undefined) run.startNote = startNote;
  if (sweep) run.snapshot.sweep = sweep;
  noteAttributes({ method: run.config.algorithm.kind });
  upsertMemo({ summary: runTitle(run.config) } satisfies Partial<RunMemo>);
  const fault = untrainable(run.config.policy);
  if (fault !== undefined) throw ApplicationFailure.nonRetryable(fault, 'InvalidConfig');
  if (limits) run.limit(limits);
  return run;
}

/** Whether a person has written which config to use. */
export function namesConfig(raw: unknown): boolean {
  return typeof raw === 'object' && raw !== null && 'config' in raw;
}

async function runOf(input: TrainingRunInput, runKey: string): Promise<RunState> {
  const { resume, fork, sweep: _, ...named } = input;
  const { overrides } = named;
  const stored = resume && (await longActivities.findProgress({ run: resume.run })).progress;
  if (stored) return fromProgress(runKey, stored);
  if (fork)
    return fromProgress(
      runKey,
      (await longActivities.forkProgress({ from: fork, runKey, overrides, startTime: Date.now() })).progress,
    );
  const { config } = await shortActivities.resolveConfig({ ...named, runKey });
  return freshRun(config, runKey);
}

function fromProgress(runKey: string, progress: RunProgress): RunState {
  return new RunState({ ...progress, runKey, recordedStep: progress.step });
}

/**
 * A run that has done nothing yet. Where it starts from another run's checkpoint, its config names the one that was
 * found.
 */
export async function freshRun(config: ExperimentConfig, runKey: string): Promise<RunState> {
  const { policy } = config;
  const start = parseRunCheckpoint(policy.model)
    ? await longActivities.findStart({ runKey, model: policy.model })
    : undefined;
  return new RunState({
    runKey,
    config: start ? { ...config, policy: { ...policy, model: start.model } } : config,
    ...(start && { reference: start.policy, trainedFrom: start.trainedFrom }),
    ...(start?.identity && { identity: start.identity }),
    startTime: Date.now(),
    step: 0,
    evaluations: [],
    mirroredStep: -1,
    recordedStep: -1,
    lastMetrics: {},
    spent: { usd: 0, calls: 0 },
    limits: {},
  });
}

/**
 * Start policy, data set and held-out clips: everything that the next step needs. The policy comes first, since to
 * check a model takes seconds, and to prepare data hours. It is asked for in every execution: another one may have left
 * it long ago, and the store may have lost its weights since.
 */
export async function prepare(run: RunState): Promise<void> {
  const { snapshot, config } = run;
  const { runKey } = snapshot;
  run.stage = 'policy';
  // A reference policy that was refreshed is a checkpoint: the run needs its start policy no more.
  if (!snapshot.reference || snapshot.reference.step === 0) snapshot.reference = await loadPolicy(run);
  snapshot.policy ??= snapshot.reference;
  run.stage = 'dataset';
  if (!snapshot.dataset) {
    const { dataset, frames, prompt, sampling, benchmark } = config;
    const { learnsFrom } = algorithmOf(config.algorithm);
    const needs = learnsFrom === 'completions' ? neededFields(config.reward) : [];
    const { model } = snapshot.reference;
    const maxNewTokens = { sampling: sampling.maxNewTokens, benchmark: benchmark.maxNewTokens };
    const policy = { model, engine: config.policy.engine, prompt, learnsFrom, maxNewTokens };
    snapshot.dataset = await mediaActivities.prepareDataset({ runKey, dataset, frames, needs, policy });
  }
  run.stage = 'frames';
  if (!snapshot.heldOutClips) {
    const { clips, decodedWith } = await mediaActivities.extractFrames({
      manifest: run.manifest,
      samples: 'held-out',
      frames: config.frames,
      prompt: config.prompt,
    });
    snapshot.heldOutClips = clips;
    if (decodedWith) run.noteIdentity('frames', [decodedWith]);
  }
}

/** The policy that the run started from; of a new run, the one that its config names. */
export async function loadPolicy({ snapshot: { runKey, reference }, config: { policy } }: RunState) {
  return (await policyActivities(policy.engine).loadPolicy({ runKey, policy, reference })).policy;
}

/** The policy that the first of a fork's parents started from, with its weights restored if they are damaged. */
export async function loadStartPolicy({ snapshot, config: { policy } }: RunState, start: PolicyRef) {
  const { runKey, reference } = snapshot;
  if (reference?.step === 0) return reference; // restored by `prepare`
  return (await policyActivities(policy.engine).loadPolicy({ runKey, policy, reference: start })).policy;
}

/** The first execution of this run: its page leads to those that continued it. */
export function execution(): { namespace: string; workflowId: string; runId: string } {
  const { namespace, workflowId, firstExecutionRunId } = workflowInfo();
  return { namespace, workflowId, runId: firstExecutionRunId };
}

/**
 * The key of a run that begins; continue-as-new keeps it.
 * @throws ApplicationFailure `InvalidInput`, before anything is done, for a workflow id that files cannot be named by.
 */
export function newRunKey(): string {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  const wrong = wrongRunId(workflowId);
  if (wrong !== undefined) throw ApplicationFailure.nonRetryable(wrong, 'InvalidInput');
  return keyOfRun(workflowId, firstExecutionRunId);
}

/** Whether this execution continues from a snapshot of an earlier one. */
export function isContinuation<Snapshot = RunSnapshot>(raw: unknown): raw is Continuation<Snapshot> {
  return (
    typeof raw === 'object' &&
    raw !== null &&
    'continued' in raw &&
    workflowInfo().continuedFromExecutionRunId !== undefined
  );
}
