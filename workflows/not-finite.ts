import { workflowInfo } from '@temporalio/workflow';
import type { ExperimentConfig } from '../configs/schema.ts';
import { type NotFinite, notFiniteText } from '../core/not-finite.ts';

/** A lower learning rate, in a fork: by so much. */
const LOWER = 10;

/** What a run that waits after a step's update says: what was not finite, where the policy is, what a person can do. */
export function stoppedUpdate(config: ExperimentConfig, step: number, notFinite: NotFinite): string {
  return (
    `In step ${step} ${notFiniteText(notFinite)}. The update was not made: ` +
    `the policy stays that of step ${step - 1}. ` +
    `To go on from there with a lower learning rate: ${forkCommand(config, step - 1)} ` +
    `To go on here without this update: videocap resume ${shellWord(workflowInfo().workflowId)}`
  );
}

/**
 * What a run that waits for a policy without usable numbers says. The step before the one that made this policy had one
 * that could be sampled from.
 * @param step that made the policy; 0: it is the start policy.
 */
export function divergedPolicy(config: ExperimentConfig, step: number, sentence: string): string {
  if (step === 0) return `${sentence} It is the policy that the run started from: name another policy.model.`;
  return (
    `${sentence} The update of step ${step} made it. ` +
    `To go on from the step before with a lower learning rate: ${forkCommand(config, step - 1)}`
  );
}

function forkCommand({ algorithm }: ExperimentConfig, step: number): string {
  const lower = Number((algorithm.optimizer.learningRate / LOWER).toPrecision(3));
  const run = shellWord(workflowInfo().workflowId);
  return `videocap fork ${run} --at-step ${step} --set algorithm.optimizer.learningRate=${lower}`;
}

/** Any text may be a workflow's id. */
function shellWord(text: string): string {
  return /^[\w.@:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
