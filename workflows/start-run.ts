import { makeContinueAsNewFunc, upsertMemo, workflowInfo } from '@temporalio/workflow';
import type { ExperimentConfig } from '../configs/schema.ts';
import type { RunProgress } from '../contracts/run-progress.ts';
import type { Said } from './control.ts';
import { parseInput, TrainingRunInput } from './run-input.ts';
import { type RunSnapshot, RunState } from './run-state.ts';
import { desk, policy, stage } from './stages.ts';

/** What a run hands to itself when it continues as new. */
export interface Continuation<Snapshot = RunSnapshot> {
  continued: Snapshot;
  said: Said;
}

/** Ends this execution with another that goes on from there. The memo, by which a run is known, comes along only when told to. */
export async function goOnAsNew<Snapshot>(continuation: Continuation<Snapshot>): Promise<never> {
  const { memo = {} } = workflowInfo();
  return makeContinueAsNewFunc<(input: Continuation<Snapshot>) => Promise<unknown>>({ memo })(continuation);
}

/** What was said to the execution that this one continues. */
export function saidBefore(raw: unknown): Said | undefined {
  return isContinuation(raw) ? raw.said : undefined;
}

/**
 * A fresh run from a person's input, the rest of a run from its own snapshot, or one that takes up what another execution
 * has written down. The memo tells `videocap resume` and `videocap fork` what to look for.
 */
export async function startRun(raw: unknown): Promise<RunState> {
  if (isContinuation(raw)) return new RunState(raw.continued);
  const input = parseInput(TrainingRunInput, raw, '{"config": "quickstart", "overrides": {"grpo.steps": 10}}');
  const { config, overrides, resume, fork } = input;
  const limits = resume?.limits;
  const key = resume?.run ?? newRunKey();
  upsertMemo({ run: key, config, overrides, ...(fork && { fork }), ...(limits && { limits }) });
  const run = await runOf(input, key);
  if (limits) run.limit(limits);
  return run;
}

async function runOf({ config: name, overrides, resume, fork }: TrainingRunInput, key: string): Promise<RunState> {
  const written = resume && (await stage.findProgress({ run: resume.run })).progress;
  if (written) return takenUp(key, written);
  if (fork) return takenUp(key, (await stage.forkProgress({ from: fork, runKey: key, overrides })).progress);
  const { config } = await desk.resolveConfig({ config: name, overrides });
  return freshRun(config, key);
}

function takenUp(runKey: string, progress: RunProgress): RunState {
  const { secondsPerStep, ...state } = progress;
  return new RunState({
    ...state,
    ...(secondsPerStep !== undefined && { secondsPerStep }),
    runKey,
    recordedStep: progress.step,
  });
}

/** A run that has done nothing yet. */
export function freshRun(config: ExperimentConfig, runKey = newRunKey()): RunState {
  return new RunState({
    runKey,
    config,
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

/** Dataset, held-out clips and start policy: everything the first step needs, each made once. */
export async function prepare(run: RunState): Promise<void> {
  const { snapshot, config } = run;
  const { runKey } = snapshot;
  run.stage = 'dataset';
  snapshot.dataset ??= await stage.prepareDataset({
    runKey,
    dataset: config.dataset,
    seed: config.seed,
    frames: config.frames,
  });
  run.stage = 'frames';
  snapshot.heldOutClips ??= (
    await stage.extractFrames({ manifest: run.manifest, samples: 'held-out', frames: config.frames })
  ).clips;
  run.stage = 'policy';
  const start = snapshot.reference ?? (await policy.loadPolicy({ runKey, policy: config.policy })).policy;
  snapshot.reference = start;
  snapshot.policy ??= start;
}

/** The first execution of this run: its page leads to those that continued it. */
export function execution(): { namespace: string; workflowId: string; runId: string } {
  const { namespace, workflowId, firstExecutionRunId } = workflowInfo();
  return { namespace, workflowId, runId: firstExecutionRunId };
}

/**
 * A run's own folder in the store. The first execution's id keeps a workflow id that is used again from finding an
 * earlier run's artifacts; continue-as-new keeps it.
 */
export function newRunKey(): string {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  return `${workflowId.replaceAll(/[^A-Za-z0-9._-]/g, '_')}-${firstExecutionRunId.slice(0, 8)}`;
}

/** Whether this execution goes on from a snapshot of an earlier one. */
export function isContinuation<Snapshot = RunSnapshot>(raw: unknown): raw is Continuation<Snapshot> {
  return (
    typeof raw === 'object' &&
    raw !== null &&
    'continued' in raw &&
    workflowInfo().continuedFromExecutionRunId !== undefined
  );
}
