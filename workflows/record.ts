import type { Evaluation } from '../contracts/run-results.ts';
import type { RunState } from './run-state.ts';
import { desk } from './stages.ts';
import type { StepTrace } from './train-step.ts';

/** Writes down a finished step, with the benchmark that followed it if one did. MLflow and the report read these records. */
export async function record(run: RunState, trace: StepTrace, evaluation?: Evaluation): Promise<void> {
  const { snapshot } = run;
  const { step } = snapshot; // the next step may begin before this one is written
  if (evaluation) run.keep(evaluation);
  await desk.recordStep({
    runKey: snapshot.runKey,
    record: {
      step,
      time: Date.now(),
      metrics: { ...trace.metrics, ...evaluationMetrics(evaluation) },
      ...(trace.rollout && { rollout: trace.rollout }),
      ...(trace.verdicts && { verdicts: trace.verdicts }),
      ...(trace.rewards && { rewards: trace.rewards.total }),
      ...(trace.scores && { scores: trace.scores }),
    },
    progress: run.progress,
  });
  snapshot.recordedStep = step;
}

function evaluationMetrics(evaluation: Evaluation | undefined): Record<string, number> {
  const entries = Object.entries(evaluation?.metrics ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [`eval/${name}`, value]));
}
