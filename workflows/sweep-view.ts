import type { RunStatus } from '../contracts/run-status.ts';
import type { RunAttributes } from '../contracts/search-attributes.ts';
import type { SweepOutcome } from '../contracts/sweep-results.ts';
import type { SweepStatus } from '../contracts/sweep-status.ts';
import { listPath, runsOfSweepQuery } from '../contracts/temporal-links.ts';
import { formLinks, type ShownExecution } from './run-details.ts';
import { phaseOf } from './run-phase.ts';
import type { SweepState } from './sweep-state.ts';

/** What a sweep shows of its runs. */

/** What has become of every run, in the order of the plan. */
export function sweepOutcomes(sweep: SweepState): SweepOutcome[] {
  return sweep.runs.map(({ id, arm, condition, seed }): SweepOutcome => {
    const run = sweep.snapshot.runs[id];
    const place = { arm, condition, seed };
    if (!run || run.state === 'running' || run.state === 'resting')
      return { ...place, state: 'skipped', reason: 'the sweep ended before it', run: sweep.keyOf(id) };
    return {
      ...place,
      state: run.state,
      ...('reason' in run && { reason: run.reason }),
      ...(run.state !== 'skipped' && { run: sweep.keyOf(id) }),
      ...('details' in run && { details: run.details }),
    };
  });
}

/** What the `status` query answers. A sweep's steps are its runs. */
export function sweepStatus(sweep: SweepState): RunStatus & { sweep: SweepStatus } {
  const { runs, pausedArms, startTime, plan } = sweep.snapshot;
  const all = sweep.runs;
  const isOpen = (state = 'waiting') => ['waiting', 'running', 'resting'].includes(state);
  return {
    startTime,
    stage: sweep.paused && sweep.stage === 'runs' ? 'paused' : sweep.stage,
    step: all.filter(({ id }) => !isOpen(runs[id]?.state)).length,
    totalSteps: all.length,
    paused: sweep.paused,
    ...(sweep.stopped && { asked: 'stop' as const }),
    evaluations: [],
    sweep: {
      arms: plan.arms.map(({ name }) => ({
        arm: name,
        runs: all
          .filter(({ arm }) => arm === name)
          .map(({ id, condition, seed }) => {
            const run = runs[id];
            return {
              ...{ run: sweep.keyOf(id), condition, seed, state: run?.state ?? ('waiting' as const) },
              ...(run && 'reason' in run && { reason: run.reason }),
            };
          }),
        ...(pausedArms.includes(name) && { paused: true }),
      })),
    },
  };
}

/** By what Temporal finds the sweep, as far as that changes. Its steps are its runs. */
export function sweepAttributes(sweep: SweepState): RunAttributes {
  return { phase: phaseOf(sweep.stage), step: sweepStatus(sweep).step, paused: sweep.paused };
}

function pages(execution: ShownExecution, key: string): string[] {
  const ofRuns = `${runsOfSweepQuery(key)} AND \`WorkflowType\`="trainingRun"`;
  return [`[All runs, with step and reward](${listPath(execution.namespace, ofRuns)})`, ...formLinks(execution)];
}

/** Markdown for the sweep's page in the Temporal UI: a line an arm, since the UI draws tables without padding. */
export function sweepDetails(sweep: SweepState, execution?: ShownExecution): string {
  const status = sweepStatus(sweep);
  const counts = (runs: readonly { state: string }[]) =>
    [...new Set(runs.map(({ state }) => state))]
      .map((state) => `${runs.filter((run) => run.state === state).length} ${state}`)
      .join(', ');
  return [
    `**Sweep ${sweep.plan.name}** ${status.stage}: ${status.step} of ${status.totalSteps} runs have ended`,
    '',
    ...status.sweep.arms.map(({ arm, runs, paused }) => `- ${arm}${paused ? ' (paused)' : ''}: ${counts(runs)}`),
    '',
    ...(execution ? pages(execution, sweep.snapshot.runKey).map((link) => `- ${link}`) : []),
    '',
    'Add an arm, or pause, resume or stop one, by the updates addArm, pauseArm, resumeArm and stopArm; the signals ' +
      'pause, resume and stop are for the whole sweep.',
  ].join('\n');
}
