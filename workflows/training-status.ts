import type { BestCheckpoint } from '../contracts/best.ts';
import type { CollapseWarning } from '../contracts/collapse.ts';
import type { RunEnd } from '../contracts/run-end.ts';
import type { RunSnapshot } from '../contracts/run-state.ts';
import type { PartOf, RunStatus } from '../contracts/run-status.ts';
import type { SetAside } from '../contracts/set-aside.ts';
import type { JudgedStatus } from './judged-run.ts';

/** The part of a run's state that its status shows. */
interface Shown {
  snapshot: RunSnapshot;
  totalSteps: number;
  part: PartOf | undefined;
  finished: boolean;
  divergence: { sentence: string | undefined };
  end?: RunEnd | undefined;
  setAside: SetAside | undefined;
  collapse: CollapseWarning[];
  best: BestCheckpoint | undefined;
}

/**
 * What the query `status` answers of a training run.
 * @param judged the part that every run with a judge has.
 */
export function trainingStatus(run: Shown, judged: JudgedStatus): RunStatus {
  const { end, setAside, collapse, divergence, best, totalSteps, finished, part } = run;
  const { startTime, step, lastMetrics, secondsPerStep, tracking, evaluations } = run.snapshot;
  const { benchmarkSpent, captionsSpent } = run.snapshot;
  const { trainedFrom, forkedFrom, skippedUpdates, identity } = run.snapshot;
  const { asked, ...rest } = judged;
  const goesOn = !finished && !end && asked !== 'stop';
  return {
    startTime,
    ...rest,
    ...(divergence.sentence !== undefined && { stage: 'paused: not finite', notFinite: divergence.sentence }),
    ...(skippedUpdates && { skippedUpdates }),
    ...(asked && { asked }),
    ...(end && { end }),
    ...(benchmarkSpent && { benchmarkJudge: benchmarkSpent }),
    ...(captionsSpent && { captions: captionsSpent }),
    ...(part && { part }),
    step,
    totalSteps,
    ...(lastMetrics['train/loss'] !== undefined && { loss: lastMetrics['train/loss'] }),
    ...(lastMetrics['reward/mean'] !== undefined && { rewardMean: lastMetrics['reward/mean'] }),
    ...(lastMetrics['train/kl'] !== undefined && { kl: lastMetrics['train/kl'] }),
    ...(secondsPerStep !== undefined && {
      secondsPerStep,
      ...(goesOn && { etaSeconds: secondsPerStep * (totalSteps - step) }),
    }),
    ...(tracking && { mlflowRunUrl: tracking.runUrl }),
    ...(trainedFrom && { trainedFrom }),
    ...(forkedFrom && { forkedFrom }),
    ...(setAside && { setAside }),
    ...(collapse.length > 0 && { collapse }),
    ...(identity && { identity }),
    ...(best && { best }),
    evaluations: evaluations.map(({ step, metrics }) => ({ step, metrics })),
  };
}
