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
import { ENGINE_CONTRACT } from '../../../contracts/engine-contract.ts';
import { WriteReportInput, WriteReportOutput } from '../../../contracts/report.ts';
import { ResolveConfigInput } from '../../../contracts/run-input.ts';
import {
  FindProgressInput,
  FindProgressOutput,
  ForkProgressInput,
  ForkProgressOutput,
  RecordStepInput,
} from '../../../contracts/run-state.ts';
import {
  CompareCompletionsInput,
  CompareCompletionsOutput,
  FindJudgeVersionInput,
  FindJudgeVersionOutput,
  JudgeCompletionsInput,
  JudgeCompletionsOutput,
  ScoreBenchmarkInput,
  ScoreBenchmarkOutput,
  ScoreCompletionsInput,
  ScoreCompletionsOutput,
} from '../../../contracts/scoring.ts';
import { FindStartInput, FindStartOutput } from '../../../contracts/start.ts';
import { PrepareSuiteInput, PrepareSuiteOutput, ScoreSuiteInput, ScoreSuiteOutput } from '../../../contracts/suites.ts';
import {
  ResolveArmInput,
  ResolveArmOutput,
  ResolveSweepInput,
  ResolveSweepOutput,
} from '../../../contracts/sweep-input.ts';
import { WriteSweepTableInput, WriteSweepTableOutput } from '../../../contracts/sweep-results.ts';
import {
  FinishSweepTrackingInput,
  FinishSweepTrackingOutput,
  FinishTrackingInput,
  MirrorRecordsInput,
  StartTrackingInput,
  Tracking,
} from '../../../contracts/tracking.ts';

const nothing = z.void();

/** What every stage takes and gives, by the name of its activity. */
export const STAGE_CONTRACTS = {
  ...ENGINE_CONTRACT,
  resolveConfig: { input: ResolveConfigInput, output: z.strictObject({ config: ExperimentConfig }) },
  prepareDataset: { input: PrepareDatasetInput, output: PrepareDatasetOutput },
  extractFrames: { input: ExtractFramesInput, output: ExtractFramesOutput },
  scoreCompletions: { input: ScoreCompletionsInput, output: ScoreCompletionsOutput },
  judgeCompletions: { input: JudgeCompletionsInput, output: JudgeCompletionsOutput },
  scoreCustomRewards: { input: ScoreCompletionsInput, output: ScoreCompletionsOutput },
  compareCompletions: { input: CompareCompletionsInput, output: CompareCompletionsOutput },
  findJudgeVersion: { input: FindJudgeVersionInput, output: FindJudgeVersionOutput },
  scoreBenchmark: { input: ScoreBenchmarkInput, output: ScoreBenchmarkOutput },
  prepareSuite: { input: PrepareSuiteInput, output: PrepareSuiteOutput },
  scoreSuite: { input: ScoreSuiteInput, output: ScoreSuiteOutput },
  recordStep: { input: RecordStepInput, output: nothing },
  findProgress: { input: FindProgressInput, output: FindProgressOutput },
  findStart: { input: FindStartInput, output: FindStartOutput },
  forkProgress: { input: ForkProgressInput, output: ForkProgressOutput },
  readCaptions: { input: ReadCaptionsInput, output: ReadCaptionsOutput },
  annotateBatch: { input: AnnotateBatchInput, output: AnnotateBatchOutput },
  writeAnnotations: { input: WriteAnnotationsInput, output: WriteAnnotationsOutput },
  startTracking: { input: StartTrackingInput, output: Tracking },
  mirrorRecords: { input: MirrorRecordsInput, output: nothing },
  finishTracking: { input: FinishTrackingInput, output: nothing },
  resolveSweep: { input: ResolveSweepInput, output: ResolveSweepOutput },
  resolveArm: { input: ResolveArmInput, output: ResolveArmOutput },
  writeSweepTable: { input: WriteSweepTableInput, output: WriteSweepTableOutput },
  finishSweepTracking: { input: FinishSweepTrackingInput, output: FinishSweepTrackingOutput },
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
