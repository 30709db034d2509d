import { uniformAt } from '../../../core/random.ts';
import type { TorchExperimentName } from '../torch/torch-experiment.ts';
import type { ExperimentName } from './experiment.ts';

/** The stages of a run that are struck, by the activity that does each. */
export const ACTIVITIES = {
  prepare: 'prepareDataset',
  frames: 'extractFrames',
  rollout: 'rolloutGroups',
  captions: 'captionClips',
  think: 'scoreCompletions',
  judge: 'judgeCompletions',
  update: 'updatePolicy',
  benchmark: 'scoreBenchmark',
  tracking: 'mirrorRecords',
  report: 'writeReport',
} as const;
export type StruckStage = keyof typeof ACTIVITIES;

/**
 * `before`: nothing is done yet. `during`: some of it is made (rollout: a group of two; captions: half of them; update:
 * the first of two updates; judge: some answers are kept; tracking: something is sent; others: all of it, and none is
 * stored). `after effect`: everything is stored, and Temporal does not know. `after report`: Temporal knows, and the
 * run moves on.
 */
export const MOMENTS = ['before', 'during', 'after effect', 'after report'] as const;
export type Moment = (typeof MOMENTS)[number];

export const VICTIMS = ['worker', 'temporal', 'mlflow', 'judge', 'disk full', 'read-only store'] as const;
/** What a user does in Temporal while an activity works: pause it and unpause it, reset it, or reset the whole run. */
export const BUTTONS = ['activity paused', 'activity reset', 'run reset'] as const;
export type Button = (typeof BUTTONS)[number];
/** Processes of the torch engine and of its rollouts. `worker` is their driver. */
export const TORCH_VICTIMS = ['worker', 'rank 0', 'rank 1', 'vllm'] as const;
/**
 * What requests meet on their way to the bucket of the store: broken connections, 503, answers that pause, writes that
 * are done and whose answers are lost, credentials that have run out and are renewed later.
 */
export const BUCKET_VICTIMS = ['bucket away', 'SlowDown', 'slow answers', 'lost answers', 'expired keys'] as const;
export type BucketVictim = (typeof BUCKET_VICTIMS)[number];
export type Victim = (typeof VICTIMS)[number] | (typeof TORCH_VICTIMS)[number] | Button | BucketVictim;

export function isButton(victim: Victim): victim is Button {
  return (BUTTONS as readonly Victim[]).includes(victim);
}

export function isOfBucket(victim: Victim): victim is BucketVictim {
  return (BUCKET_VICTIMS as readonly Victim[]).includes(victim);
}

export interface Cell {
  stage: StruckStage;
  moment: Moment;
  victim: Victim;
  /** Which call of the activity is struck, from 1. */
  call: number;
  /** How long a server stays dead, a disk full or read-only, or requests to a bucket fail. */
  awaySeconds: number;
  /** Absent: `usual`. */
  experiment?: ExperimentName | TorchExperimentName;
}

/** Most outages are over soon; one in eight lasts longer than a few quick tries would. */
const AWAY_SECONDS = { short: 1.5, long: 25 };
/** Longer than a request to a bucket is repeated: then Temporal tries the activity again. */
const BUCKET_AWAY_SECONDS = 70;

/** How often an undisturbed run of the matrix's experiment calls each activity that it strikes. */
const CALLS: Record<Exclude<StruckStage, 'captions'>, number> = {
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
  return (Object.keys(CALLS) as (keyof typeof CALLS)[]).flatMap((stage) =>
    VICTIMS.flatMap((victim) =>
      MOMENTS.map((moment) => {
        const draw = (what: string) => uniformAt(seed, [what, stage, moment, victim]);
        return {
          ...{ stage, moment, victim },
          call: 1 + Math.floor(CALLS[stage] * draw('cell')),
          awaySeconds: victim !== 'worker' && draw('away') < 1 / 8 ? AWAY_SECONDS.long : AWAY_SECONDS.short,
        };
      }),
    ),
  );
}

/** Each fault of a bucket, at every moment of the stages that read or write most. */
export function bucketCells(seed: number): Cell[] {
  return (['frames', 'rollout', 'think', 'judge', 'update', 'benchmark'] as const).flatMap((stage) =>
    BUCKET_VICTIMS.flatMap((victim) =>
      MOMENTS.map((moment) => {
        const draw = (what: string) => uniformAt(seed, ['bucket', what, stage, moment, victim]);
        const isLong = !/answers/.test(victim) && draw('away') < 1 / 8;
        const awaySeconds = isLong ? BUCKET_AWAY_SECONDS : AWAY_SECONDS.short;
        return { ...{ stage, moment, victim, awaySeconds }, call: 1 + Math.floor(CALLS[stage] * draw('cell')) };
      }),
    ),
  );
}

/**
 * A worker's death in the second round of a step, by the second call of each activity; and, by the first update, as the
 * reference policy is refreshed.
 */
export const SECOND_ROUND: readonly Cell[] = (['rollout', 'think', 'judge', 'update'] as const).flatMap((stage) =>
  MOMENTS.map((moment) => ({
    ...{ stage, moment, victim: 'worker', call: stage === 'update' ? 1 : 2 },
    ...{ awaySeconds: AWAY_SECONDS.short, experiment: 'two rounds' },
  })),
);

/** A worker's death in a run that samples a step ahead, by the second call of each activity. */
export const LAGGED: readonly Cell[] = (['rollout', 'judge', 'update'] as const).flatMap((stage) =>
  MOMENTS.map((moment) => ({
    ...{ stage, moment, victim: 'worker', call: 2, awaySeconds: AWAY_SECONDS.short, experiment: 'rollout lag' },
  })),
);

/** Deaths while the second part of a step is sampled and its first is judged. */
export const IN_PARTS: readonly Cell[] = (
  [
    { stage: 'rollout', call: 2 },
    { stage: 'judge', call: 1 },
  ] as const
).flatMap((struck) =>
  (['worker', 'judge', 'temporal'] as const).map((victim) => ({
    ...{ ...struck, moment: 'during', victim, awaySeconds: AWAY_SECONDS.short, experiment: 'parts' },
  })),
);

/** Temporal's buttons, while each kind of activity works; a run is also reset when an activity has stored its work. */
export const BUTTON_CELLS: readonly Cell[] = (['frames', 'rollout', 'judge', 'update'] as const).flatMap((stage) =>
  BUTTONS.flatMap((victim) =>
    (victim === 'run reset' ? (['during', 'after effect'] as const) : (['during'] as const)).map((moment) => ({
      ...{ stage, moment, victim, call: 2, awaySeconds: AWAY_SECONDS.short },
    })),
  ),
);

export function nameOf({ stage, moment, victim, call, awaySeconds, experiment }: Cell): string {
  const away = awaySeconds > AWAY_SECONDS.short ? `, for ${awaySeconds} s` : '';
  const special = experiment ? `, ${experiment}` : '';
  return `${victim} struck ${moment} ${stage} (call ${call}${away}${special})`;
}
