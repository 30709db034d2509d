import { uniformAt } from '../../../core/random.ts';

/** The stages of a run that are struck, by the activity that does each. */
export const ACTIVITIES = {
  prepare: 'prepareDataset',
  frames: 'extractFrames',
  rollout: 'rolloutGroups',
  think: 'scoreThoughts',
  judge: 'judgeCaptions',
  update: 'updatePolicy',
  benchmark: 'scoreBenchmark',
  tracking: 'mirrorRecords',
  report: 'writeReport',
} as const;
export type StruckStage = keyof typeof ACTIVITIES;

/**
 * `before`: nothing is done yet. `during`: some of it is made, and nothing of that stored (tracking: some of it is sent).
 * `after effect`: everything is stored, and Temporal does not know. `after report`: Temporal knows, and the run moves on.
 */
export const MOMENTS = ['before', 'during', 'after effect', 'after report'] as const;
export type Moment = (typeof MOMENTS)[number];

export const VICTIMS = ['worker', 'temporal', 'mlflow', 'judge', 'disk full', 'read-only store'] as const;
export type Victim = (typeof VICTIMS)[number];

export interface Cell {
  stage: StruckStage;
  moment: Moment;
  victim: Victim;
  /** Which call of the activity is struck, from 1. */
  call: number;
}

/** How often an undisturbed run of the matrix's experiment calls each activity. */
const CALLS: Record<StruckStage, number> = {
  prepare: 1,
  frames: 3,
  rollout: 2,
  think: 2,
  judge: 2,
  update: 2,
  benchmark: 2,
  tracking: 1,
  report: 1,
};

/** The whole table, in reading order; the seed decides which call of an activity is struck. */
export function allCells(seed: number): Cell[] {
  return (Object.keys(ACTIVITIES) as StruckStage[]).flatMap((stage) =>
    VICTIMS.flatMap((victim) =>
      MOMENTS.map((moment) => ({
        stage,
        moment,
        victim,
        call: 1 + Math.floor(CALLS[stage] * uniformAt(seed, ['cell', stage, moment, victim])),
      })),
    ),
  );
}

export function nameOf({ stage, moment, victim, call }: Cell): string {
  return `${victim} struck ${moment} ${stage} (call ${call})`;
}
