import { z } from 'zod';
import { ExperimentConfig } from '../configs/schema.ts';
import { ArtifactRef } from '../core/artifact-ref.ts';
import { BestCheckpoint } from './best.ts';
import { CollapseWarning } from './collapse.ts';
import { ForkedFrom } from './forked-from.ts';
import { RunEnd } from './run-end.ts';
import { RunIdentity } from './run-identity.ts';
import { Evaluation } from './run-results.ts';
import { TrainedFrom } from './start.ts';
import { Execution } from './tracking.ts';

export const WriteReportInput = z.strictObject({
  runKey: z.string(),
  config: ExperimentConfig,
  /** A `DatasetManifest`. */
  manifest: ArtifactRef,
  /** JSON: the `ClipRef[]` of the held-out split. */
  heldOutClips: ArtifactRef,
  /** In order of steps; the first is the base policy's, the last the trained one's. */
  evaluations: z.array(Evaluation).min(1),
  /** Records exist of the steps 0 to this one. */
  lastStep: z.int().nonnegative(),
  trainedFrom: TrainedFrom.optional(),
  forkedFrom: ForkedFrom.optional(),
  best: BestCheckpoint.optional(),
  end: RunEnd.optional(),
  collapse: z.array(CollapseWarning).default([]),
  identity: RunIdentity.optional(),
  execution: Execution.optional(),
  mlflowRunUrl: z.string().optional(),
});

export const WriteReportOutput = z.strictObject({
  /** One HTML file that needs nothing else: no network, no other files. */
  report: ArtifactRef,
});
