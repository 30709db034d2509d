import { partSentence, type RunStatus } from '../../contracts/run-status.ts';
import { duration } from '../../core/duration.ts';

/** What was asked of a run and comes after its step; empty where nothing was. */
export function askedOf({ asked }: RunStatus): string {
  if (asked === undefined) return '';
  return asked === 'stop' ? 'stops after this step' : 'pauses after this step';
}

/** Stages that every step goes through are not worth a line each, once the first step has shown them. */
const IN_STEP = new Set(['frames', 'rollout', 'scoring', 'update']);

/** The stage where it is worth a line. */
export function stageShown({ step, stage }: RunStatus): string {
  return step > 0 && IN_STEP.has(stage) ? '' : stage;
}

/** `rollout, part 2 of 4`: rounds that have parts take long enough to be worth it in every step. */
export function stageAndPart(status: RunStatus): string {
  const { stage, part } = status;
  return part ? `${stage}, ${partSentence(part)}` : stageShown(status);
}

/** The numbers of a run, the most important first, and last when it ends: `ETA 1 min 56 s`. */
export function numbersOf(status: RunStatus): string[] {
  return [...metricsOf(status), ...etaOf(status)];
}

/** Without rewards, the loss shows how the training goes. */
export function metricsOf(status: RunStatus): string[] {
  const { loss, rewardMean, kl, secondsPerStep, skippedUpdates } = status;
  return [
    ...(loss === undefined || rewardMean !== undefined ? [] : [`loss ${loss.toFixed(4)}`]),
    ...(rewardMean === undefined ? [] : [`reward ${rewardMean.toFixed(2)}`]),
    ...(kl === undefined ? [] : [`KL ${kl.toFixed(4)}`]),
    ...(skippedUpdates === undefined ? [] : [`${skippedUpdates} update${skippedUpdates === 1 ? '' : 's'} skipped`]),
    ...(secondsPerStep === undefined ? [] : [`${secondsPerStep.toFixed(1)} s/step`]),
  ];
}

/** When a run ends that has steps to make. */
export function etaOf({ etaSeconds, step, totalSteps }: RunStatus): string[] {
  return etaSeconds === undefined || step >= totalSteps ? [] : [`ETA ${duration(etaSeconds)}`];
}
