import { z } from 'zod';
import { measuredBy, REFERENCE_NAMES } from '../benchmarks/held-out-metrics.ts';
import { OverrideValue } from './override-value.ts';
import { Seeds } from './seeds.ts';

/** The schema of a sweep file: arms x conditions x seeds over one experiment. */

/** Part of workflow ids and of folders in the store. */
const Name = z.string().regex(/^[a-z0-9][a-z0-9-]{0,39}$/);

/** Values by dotted key of the experiment's config. */
const Changes = z.record(z.string().min(1).max(200), OverrideValue);
export type Changes = z.infer<typeof Changes>;

/** Values that are drawn for one key. */
const Range = z.union(
  [
    z.strictObject({ oneOf: z.array(OverrideValue).min(2).max(100) }),
    z
      .strictObject({
        from: z.number(),
        to: z.number(),
        /** `log`: every order of magnitude is as likely. */
        scale: z.enum(['linear', 'log']).default('linear'),
        /** Whole numbers only. */
        whole: z.boolean().default(false),
      })
      .refine(({ from, to }) => from < to, 'set from below to')
      .refine(({ from, scale }) => scale === 'linear' || from > 0, 'set from above 0, or scale to linear'),
  ],
  { error: 'write { from: 0.001, to: 0.1, scale: log } or { oneOf: [4, 8, 16] }' },
);
export type Range = z.infer<typeof Range>;

/** An arm as a file has it: with `grid` or `random` it stands for several. */
export const ArmFields = z.strictObject({
  /** What differs from the experiment. */
  set: Changes.default({}),
  /** Default: those of the sweep. */
  seeds: Seeds.optional(),
  /** The arm whose trained policy this one starts from: that of the same condition and seed. */
  after: Name.optional(),
  /** An arm for every combination of these values. */
  grid: z.record(z.string().min(1), z.array(OverrideValue).min(1).max(100)).optional(),
  /** So many arms with values drawn at random, the same ones every time. */
  random: z
    .strictObject({
      count: z.int().min(1).max(200),
      /** Of the draws. */
      seed: z.int().nonnegative().default(1),
      keys: z.record(z.string().min(1), Range),
    })
    .optional(),
});
export type ArmFields = z.infer<typeof ArmFields>;

export const SweepFile = z.strictObject({
  /** Of the sweep, in tables and in MLflow. Ids of its runs begin with it. */
  name: Name,
  /** The experiment: a name in `configs/`, or a path from this file. */
  config: z.string().min(1).max(4096),
  /** What all runs change of it. */
  set: Changes.default({}),
  /** The metric of the held-out benchmark that decides. */
  metric: z.string().default('eventF1'),
  /** The arm that others are compared with, on the same clips. */
  reference: z.string(),
  /** Each is a run of every arm in every condition. */
  seeds: Seeds.default([1]),
  /** Runs at a time. More than one pays where they wait for a judge, or where there are several engines. */
  concurrency: z.int().min(1).max(50).default(1),
  /** The most that the judge may cost all runs together. Absent: no limit but those of the runs. */
  budget: z.strictObject({ usd: z.number().positive().optional(), calls: z.int().positive().optional() }).default({}),
  /**
   * Early stopping of hopeless arms: after each of these steps, the best share of the arms by `metric` goes on. Absent:
   * all arms make all of their steps.
   */
  halving: z
    .strictObject({
      atSteps: z
        .array(z.int().positive())
        .min(1)
        .max(20)
        .refine((steps) => steps.every((step, i) => i === 0 || step > steps[i - 1]!), 'let the steps rise'),
      keep: z.number().gt(0).lt(1).default(0.5),
    })
    .optional(),
  /** In which every arm runs, such as the quality of references. Absent: one, as the experiment has it. */
  conditions: z.record(Name, Changes).default({}),
  arms: z.record(Name, ArmFields),
});
export type SweepFile = z.infer<typeof SweepFile>;

/** What a sweep can be decided by: values of single clips, of which an interval can be made. */
export const SWEEP_METRICS: readonly string[] = measuredBy(['events', ...REFERENCE_NAMES]).filter(
  (name) => !['distinctCaptions', 'meanTokens'].includes(name),
);
