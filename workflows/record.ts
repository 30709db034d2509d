import type { Evaluation } from '../contracts/run-results.ts';
import { prefixed } from '../core/metric-names.ts';
import type { RunState } from './run-state.ts';
import { recordActivities } from './stages.ts';
import type { StepOutcome } from './step.ts';

/** Stores a finished step, with the benchmark that followed it if one did. MLflow and the report read these records. */
export async function record(
  run: RunState,
  { metrics, scored, notFinite }: Pick<StepOutcome, 'metrics' | 'scored' | 'notFinite'>,
  evaluation?: Evaluation,
): Promise<void> {
  const { snapshot } = run;
  const { runKey, step } = snapshot; // the next step may begin before this one is stored
  if (evaluation) run.keep(evaluation);
  const signs = run.collapse.filter((warning) => warning.step === step).map(({ kind }) => [kind, 1]);
  await recordActivities.recordStep({
    runKey,
    record: {
      step,
      time: Date.now(),
      metrics: {
        ...metrics,
        ...prefixed('eval', evaluation?.metrics ?? {}),
        ...prefixed('collapse', Object.fromEntries(signs)),
      },
      ...(notFinite && { notFinite }),
      ...(scored && { scored }),
    },
    progress: run.progress,
  });
  snapshot.recordedStep = step;
}
