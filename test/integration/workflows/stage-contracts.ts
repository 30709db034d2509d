import { z } from 'zod';
import { ExperimentConfig } from '../../../configs/schema.ts';
import {
  AnnotateBatchInput,
  AnnotateBatchOutput,
  ReadCaptionsInput,
  ReadCaptionsOutput,
  WriteAnnotationsInput,
  WriteAnnotationsOutput,
} from '../../../contracts/annotation.ts';
import {
  ExtractFramesInput,
  ExtractFramesOutput,
  PrepareDatasetInput,
  PrepareDatasetOutput,
} from '../../../contracts/dataset.ts';
import {
  CaptionClipsInput,
  CaptionClipsOutput,
  ExportPolicyInput,
  ExportPolicyOutput,
  LoadPolicyInput,
  LoadPolicyOutput,
  RolloutGroupsInput,
  RolloutGroupsOutput,
  UpdatePolicyInput,
  UpdatePolicyOutput,
} from '../../../contracts/policy.ts';
import { WriteReportInput, WriteReportOutput } from '../../../contracts/report.ts';
import { RunInput } from '../../../contracts/run-input.ts';
import { StepRecord } from '../../../contracts/run-results.ts';
import {
  FindProgressInput,
  FindProgressOutput,
  ForkProgressInput,
  ForkProgressOutput,
  RunProgress,
} from '../../../contracts/run-state.ts';
import {
  JudgeCompletionsInput,
  JudgeCompletionsOutput,
  ScoreBenchmarkInput,
  ScoreBenchmarkOutput,
  ScoreCompletionsInput,
  ScoreCompletionsOutput,
} from '../../../contracts/scoring.ts';
import { FindStartInput, FindStartOutput } from '../../../contracts/start.ts';
import { PrepareSuiteInput, PrepareSuiteOutput, ScoreSuiteInput, ScoreSuiteOutput } from '../../../contracts/suites.ts';
import { FinishTrackingInput, MirrorRecordsInput, StartTrackingInput, Tracking } from '../../../contracts/tracking.ts';

const nothing = z.void();

/** What every stage takes and gives, by the name of its activity. */
export const STAGE_CONTRACTS = {
  resolveConfig: { input: RunInput, output: z.strictObject({ config: ExperimentConfig }) },
  prepareDataset: { input: PrepareDatasetInput, output: PrepareDatasetOutput },
  extractFrames: { input: ExtractFramesInput, output: ExtractFramesOutput },
  loadPolicy: { input: LoadPolicyInput, output: LoadPolicyOutput },
  rolloutGroups: { input: RolloutGroupsInput, output: RolloutGroupsOutput },
  scoreCompletions: { input: ScoreCompletionsInput, output: ScoreCompletionsOutput },
  judgeCompletions: { input: JudgeCompletionsInput, output: JudgeCompletionsOutput },
  scoreCustomRewards: { input: ScoreCompletionsInput, output: ScoreCompletionsOutput },
  updatePolicy: { input: UpdatePolicyInput, output: UpdatePolicyOutput },
  captionClips: { input: CaptionClipsInput, output: CaptionClipsOutput },
  scoreBenchmark: { input: ScoreBenchmarkInput, output: ScoreBenchmarkOutput },
  prepareSuite: { input: PrepareSuiteInput, output: PrepareSuiteOutput },
  scoreSuite: { input: ScoreSuiteInput, output: ScoreSuiteOutput },
  recordStep: {
    input: z.strictObject({ runKey: z.string(), record: StepRecord, progress: RunProgress }),
    output: nothing,
  },
  findProgress: { input: FindProgressInput, output: FindProgressOutput },
  findStart: { input: FindStartInput, output: FindStartOutput },
  forkProgress: { input: ForkProgressInput, output: ForkProgressOutput },
  readCaptions: { input: ReadCaptionsInput, output: ReadCaptionsOutput },
  annotateBatch: { input: AnnotateBatchInput, output: AnnotateBatchOutput },
  writeAnnotations: { input: WriteAnnotationsInput, output: WriteAnnotationsOutput },
  startTracking: { input: StartTrackingInput, output: Tracking },
  mirrorRecords: { input: MirrorRecordsInput, output: nothing },
  finishTracking: { input: FinishTrackingInput, output: nothing },
  exportPolicy: { input: ExportPolicyInput, output: ExportPolicyOutput },
  writeReport: { input: WriteReportInput, output: WriteReportOutput },
};

export type StageName = keyof typeof STAGE_CONTRACTS;
type Contract<N extends StageName> = (typeof STAGE_CONTRACTS)[N];
/** What a stage reads, and what it may answer: before the contract has filled in what was left out of the answer. */
export type StageInput<N extends StageName> = z.output<Contract<N>['input']>;
export type StageOutput<N extends StageName> = z.input<Contract<N>['output']>;
/** The same as its caller sees it. */
export type StageTaken<N extends StageName> = z.input<Contract<N>['input']>;
export type StageGiven<N extends StageName> = z.output<Contract<N>['output']>;

/** A stand-in for every stage. */
export type Stages = {
  [N in StageName]: (input: StageInput<N>) => StageOutput<N> | Promise<StageOutput<N>>;
};
