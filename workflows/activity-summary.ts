import type { WorkflowInterceptors } from '@temporalio/workflow';
import { roundSize } from '../core/batch.ts';
import type { Place } from '../core/place.ts';
import type { Activities, JudgeActivities, MediaActivities, PolicyActivities } from '../workers/activities.ts';

/** What summaries say of the run besides an activity's own input. */
interface Counted {
  readonly totalSteps: number;
  /** Samples that its next step's first round takes; absent until the data set is known. */
  readonly samplesPerRound: number | undefined;
}

/** Of this workflow: each execution has its own modules. */
let counted: Counted | undefined;

/** From now on summaries say of how many steps a stage is. */
export function summariseStepsOf(run: { totalSteps: number; config: Sizes; snapshot: Split }): void {
  counted = {
    get totalSteps() {
      return run.totalSteps;
    },
    get samplesPerRound() {
      const { train } = run.snapshot.dataset ?? {};
      return train && roundSize(train, { round: 0, size: run.config.algorithm.samplesPerStep });
    },
  };
}

interface Sizes {
  algorithm: { samplesPerStep: number };
}
interface Split {
  dataset?: { train: number } | undefined;
}

/** Around every activity: what it is about, which Temporal's UI shows beside its name. */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      // Not async: the order of a workflow's commands stays what it is without an interceptor.
      scheduleActivity(input, next) {
        const summary = activitySummary(input.activityType, input.args[0], counted);
        return next(summary === undefined ? input : { ...input, options: { ...input.options, summary } });
      },
    },
  ],
});

/** `step 12/60: rollout 8 x 8`. @param input of the activity. */
export function activitySummary(activity: string, input: unknown, run?: Counted): string | undefined {
  const summary = SUMMARIES[activity as keyof Stages] as ((input: unknown, run?: Counted) => string) | undefined;
  return summary?.(input, run);
}

type Stages = Activities & MediaActivities & JudgeActivities & PolicyActivities;
type Input<Name extends keyof Stages> = Stages[Name] extends (input: infer I, ...rest: never[]) => unknown ? I : never;

const SUMMARIES: { [Name in keyof Stages]: (input: Input<Name>, run?: Counted) => string } = {
  resolveConfig: ({ config }) => `config ${config}`,
  findProgress: ({ run }) => `where ${run} has ended`,
  findStart: ({ model }) => `checkpoint ${model}`,
  forkProgress: ({ from }) => `fork of ${from.run} at step ${from.step}`,
  loadPolicy: ({ policy }) => `policy ${policy.model}`,
  prepareDataset: ({ dataset }) => `data set ${dataset.kind}`,
  extractFrames: ({ samples }, run) =>
    samples === 'held-out' ? 'frames of held-out clips' : `${stepOf(samples.step, run)}: frames`,
  rolloutGroups: (input, run) => `${stepOf(input.step, run)}: rollout ${groupsOf(input, run)}${roundOf(input)}`,
  scoreCompletions: (input, run) => `${stepOf(input.step, run)}: scores of the texts${roundOf(input)}`,
  judgeCompletions: (input, run) => `${stepOf(input.step, run)}: judge${roundOf(input)}`,
  scoreCustomRewards: (input, run) => `${stepOf(input.step, run)}: custom rewards${roundOf(input)}`,
  compareCompletions: ({ step }, run) => `${stepOf(step, run)}: rewards and advantages`,
  updatePolicy: ({ step }, run) => `${stepOf(step, run)}: update`,
  recordStep: ({ record: { step } }, run) => `${stepOf(step, run)}: record`,
  captionClips: ({ step, list }, run) => `${stepOf(step, run)}: captions of ${list} clips`,
  findJudgeVersion: () => 'version of the judge',
  scoreBenchmark: ({ step }, run) => `${stepOf(step, run)}: benchmark`,
  prepareSuite: ({ source }) => `files of ${source.suite}`,
  scoreSuite: ({ step, subject }, run) => `${stepOf(step, run)}: scores of ${subject}`,
  exportPolicy: ({ policy }) => `model folder of step ${policy.step}`,
  writeReport: ({ lastStep }) => `report after step ${lastStep}`,
  startTracking: () => 'run in MLflow',
  mirrorRecords: ({ fromStep, toStep }) =>
    fromStep === toStep ? `step ${toStep} to MLflow` : `steps ${fromStep} to ${toStep} to MLflow`,
  finishTracking: ({ status }) => `MLflow: ${status.toLowerCase()}`,
  resolveSweep: ({ sweep }) => `sweep ${sweep}`,
  resolveArm: ({ arm }) => `arm ${arm.name}`,
  writeSweepTable: ({ outcomes }) => `table of ${outcomes.length} runs`,
  finishSweepTracking: ({ status }) => `MLflow: ${status.toLowerCase()}`,
  readCaptions: ({ dataset }) => `captions of ${dataset}`,
  annotateBatch: ({ batch, size }) => `batch ${batch}, at most ${size} captions`,
  writeAnnotations: ({ output }) => `${output}`,
};

function stepOf(step: number, run: Counted | undefined): string {
  return run ? `step ${step}/${run.totalSteps}` : `step ${step}`;
}

/** `8 x 8`: samples and completions of each. */
function groupsOf({ samples, sampling }: Input<'rolloutGroups'>, run: Counted | undefined): string {
  const count = samples?.count ?? run?.samplesPerRound;
  return count === undefined ? `groups of ${sampling.groupSize}` : `${count} x ${sampling.groupSize}`;
}

function roundOf({ round, part }: Pick<Place, 'round' | 'part'>): string {
  return `${round > 0 ? `, round ${round + 1}` : ''}${part > 0 ? `, part ${part + 1}` : ''}`;
}
