import { z } from 'zod';
import { SuiteName } from '../benchmarks/benchmark-config.ts';
import { CaptioningConfig } from '../benchmarks/suites/captioning.ts';
import { Variant } from '../benchmarks/suites/variants.ts';
import { OverrideValue } from '../configs/override-value.ts';
import { MOST_CONFIG_BYTES } from '../configs/size-limits.ts';
import { payloadBytes } from '../core/payload-size.ts';
import { Limits } from './limits.ts';
import { SweepPlace } from './sweep-place.ts';

/** A file or folder where the workers are, a model's name, or a run's. */
export const WorkerPath = z.string().min(1).max(4096);
const RunName = z.string().min(1).max(250);

/** What a person types into the start form: `{}`, or a config's name with changes by dotted key. */
export const RunInput = z.strictObject({
  config: WorkerPath.default('quickstart'),
  /**
   * Of the config as a command has read it (`configs/kept-configs.ts`). Absent where a person starts the run: then the
   * config is read when the run begins.
   */
  configHash: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
  overrides: z
    .record(z.string(), OverrideValue)
    .refine((overrides) => payloadBytes(overrides) <= MOST_CONFIG_BYTES, {
      error: ({ input }) =>
        `they have ${payloadBytes(input)} bytes as JSON, more than ${MOST_CONFIG_BYTES}; put them into a config file`,
    })
    .default({}),
});
export type RunInput = z.infer<typeof RunInput>;

/** What `resolveConfig` takes; of a run, its key in the store, under which it notes what the run was started with. */
export const ResolveConfigInput = RunInput.extend({ runKey: z.string().min(1).optional() });
export type ResolveConfigInput = z.infer<typeof ResolveConfigInput>;

/** A training run may also continue where another execution ended, or start from a step of another run. */
export const TrainingRunInput = RunInput.extend({
  /**
   * The key of a run in the store: it continues after its last step, with the config it has. `limits`: set after that
   * step.
   */
  resume: z.strictObject({ run: RunName, limits: Limits.optional() }).optional(),
  /**
   * A new run from a checkpoint of another; `overrides` change that run's config. With `resume`: how the resumed run
   * began, in case it has stored no progress.
   */
  fork: z.strictObject({ run: RunName, step: z.int().nonnegative() }).optional(),
  /** Given by `ablationSweep`: where in the sweep the run belongs. */
  sweep: SweepPlace.optional(),
});

export type TrainingRunInput = z.infer<typeof TrainingRunInput>;

export const BenchmarkRunInput = RunInput.extend({
  /** A shipped model's name, a model folder, or `run:RUN@STEP`; default: the config's policy. */
  checkpoint: WorkerPath.optional(),
  /** The config's own held-out videos, or a published benchmark from its authors' files. */
  suite: z.union([z.literal('held-out'), SuiteName]).default('held-out'),
  /**
   * Of a published benchmark: paths where the workers are. `predictions` are captions made elsewhere, in place of
   * videos and policy.
   */
  annotations: WorkerPath.optional(),
  videos: WorkerPath.optional(),
  predictions: WorkerPath.optional(),
  limit: z.int().min(1).optional(),
  quirks: z.array(z.string().max(100)).max(100).default([]),
  variants: z.array(Variant).optional(),
  /** How the policy captions the videos of a published benchmark; default: as its authors have it. */
  captioning: CaptioningConfig.optional(),
}).superRefine((input, context) => {
  const { suite, checkpoint, annotations, videos, predictions, limit, quirks, variants, captioning } = input;
  const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  if (suite === 'held-out') {
    if (annotations ?? videos ?? predictions ?? limit ?? quirks[0] ?? variants?.[0] ?? captioning)
      wrong('suite', 'held-out takes no annotations, videos, predictions, limit, quirks, variants or captioning');
    return;
  }
  if (!annotations) wrong('annotations', `${suite} needs its authors' annotation file`);
  if (!videos === !predictions)
    wrong('videos', 'give a folder of videos to caption, or a file of predictions, not both');
  if (predictions && checkpoint) wrong('checkpoint', 'predictions need no policy');
  if (predictions && captioning) wrong('captioning', 'predictions are captions already; leave it out');
});
