import { type BestCheckpoint, bestSentence } from '../contracts/best.ts';
import { forkSentence } from '../contracts/forked-from.ts';
import { waitingSentence } from '../contracts/judge-waiting.ts';
import { reportPage } from '../contracts/mlflow-pages.ts';
import { endSentence, type RunEnd } from '../contracts/run-end.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import type { RunSnapshot } from '../contracts/run-state.ts';
import { type PartOf, partSentence } from '../contracts/run-status.ts';
import { runTitle } from '../contracts/run-title.ts';
import { runWarnings } from '../contracts/run-warnings.ts';
import { type SetAside, setAsideSentence } from '../contracts/set-aside.ts';
import { parentage } from '../contracts/start.ts';
import { listPath, runPath, runsOfSweepQuery, startFormPath } from '../contracts/temporal-links.ts';
import { duration } from '../core/duration.ts';
import type { JudgeSpending } from '../judge/usage.ts';
import { weightsOf } from '../rewards/combine-rewards.ts';
import type { Waiting } from './controllable-run.ts';

/** The execution whose page shows the details. */
export interface ShownExecution {
  namespace: string;
  workflowType: string;
  /** Of the run's first execution. */
  runId: string;
  /** Whether another run may be started with the same input: that of one that was resumed names the run itself. */
  repeatable: boolean;
  /** The workflow id of the sweep that started it. */
  parent?: string | undefined;
}

interface Shown {
  totalSteps: number;
  stage: string;
  /** The part of its round that the run works on. */
  part?: PartOf | undefined;
  waiting: Waiting;
  best?: BestCheckpoint | undefined;
  /** Once the run has made its last step. */
  end?: RunEnd | undefined;
  setAside?: SetAside | undefined;
  /** What the judge has been paid so far, in the step under way too. */
  spent: JudgeSpending;
  /** Whether the report is in MLflow. */
  reported: boolean;
  execution?: ShownExecution | undefined;
  /** How it was started, if there is something to say. */
  startNote?: string | undefined;
}

/**
 * The Markdown that the Temporal UI shows on a run's page: where it is, what it reached, where to look. In lists and
 * aligned text, since the UI draws tables without space between the columns.
 */
export function runDetails(snapshot: RunSnapshot, shown: Shown): string {
  const { config, evaluations, trainedFrom, forkedFrom, collapse, identity, sweep } = snapshot;
  const { waiting, best, end, setAside, execution, startNote } = shown;
  const unusable = setAsideSentence(setAside);
  const notes = [
    ...(sweep ? [`Sweep ${sweep.name}: arm ${sweep.arm}, condition ${sweep.condition}, seed ${sweep.seed}`] : []),
    ...(trainedFrom ? [`Started from ${parentage(trainedFrom)}`] : []),
    ...(forkedFrom ? [`Forked from ${forkSentence(forkedFrom)}`] : []),
    ...(best ? [`**Best checkpoint** ${bestSentence(best)}`] : []),
    ...(unusable === undefined ? [] : [unusable]),
    ...(snapshot.skippedUpdates ? [`Updates that were not made, not finite: ${snapshot.skippedUpdates}`] : []),
  ];
  const links = [
    ...pagesOf(snapshot, shown.reported),
    ...(execution ? formLinks(execution) : []),
    ...(execution && sweep ? sweepLinks(execution, sweep.sweep) : []),
  ];
  return [
    ...waitingLines(waiting),
    ...(end ? [`**${endSentence(end)}.**`, ''] : []),
    ...runWarnings({ collapse: collapse?.warnings, identity }).flatMap((sentence) => [`**${sentence}.**`, '']),
    `**${runTitle(config)}**`,
    '',
    ...(startNote !== undefined && !end ? [startNote, ''] : []),
    ...[whereItIs(snapshot, shown), ...metricsOf(snapshot), ...spending(snapshot, shown.spent), ...notes].map(item),
    '',
    ...(evaluations.length > 0 ? [...benchmarks(evaluations), ''] : []),
    ...links.map(item),
  ].join('\n');
}

const item = (text: string) => `- ${text}`;

/** `step 12 of 60, then part 2 of 4 of a round; rollout; 3 min 20 s to go, at 4.1 s a step`. */
function whereItIs({ step, secondsPerStep }: RunSnapshot, { totalSteps, part, stage, end }: Shown): string {
  const within = part ? `, then ${partSentence(part)} of a round` : '';
  const pace = secondsPerStep === undefined ? '' : `, at ${secondsPerStep.toFixed(1)} s a step`;
  const left = totalSteps - step;
  const eta =
    secondsPerStep === undefined || end || left <= 0 ? pace : `; ${duration(secondsPerStep * left)} to go${pace}`;
  return `**step ${step} of ${totalSteps}**${within}; ${stage}${eta}`;
}

/** Of the last step; nothing before the first. */
function metricsOf({ config, lastMetrics: last }: RunSnapshot): string[] {
  const number = (name: string, digits: number) => last[name]?.toFixed(digits) ?? '-';
  const components = Object.keys(weightsOf(config.reward)).filter((name) => last[`reward/${name}`] !== undefined);
  const parts = components.map((name) => `${name} ${number(`reward/${name}`, 3)}`).join(', ');
  return [
    ...(last['reward/mean'] === undefined ? [] : [`reward **${number('reward/mean', 3)}**: ${parts}`]),
    ...(last['train/loss'] === undefined ? [] : [`loss ${number('train/loss', 4)}, KL ${number('train/kl', 4)}`]),
  ];
}

function spending({ benchmarkSpent, captionsSpent }: RunSnapshot, spent: JudgeSpending): string[] {
  const said = (what: string, { calls, usd }: JudgeSpending) => `${what}: ${calls} calls, ${usd.toFixed(2)} USD`;
  return [
    ...(spent.calls > 0 ? [said('Judge', spent)] : []),
    ...(benchmarkSpent ? [said('Judge of benchmarks', benchmarkSpent)] : []),
    ...(captionsSpent ? [said('Captions', captionsSpent)] : []),
  ];
}

/** Aligned text in a code block: columns that stay apart. */
function benchmarks(evaluations: readonly Evaluation[]): string[] {
  const columns = ['step', 'event F1', 'action F1', 'object F1'];
  const rows = evaluations.map(({ step, metrics: { eventF1, actionF1, objectF1 } }) => [
    `${step}`,
    ...[eventF1, actionF1, objectF1].map((value) => value?.toFixed(1) ?? '-'),
  ]);
  const line = (cells: readonly string[]) => cells.map((cell, i) => cell.padStart(columns[i]!.length)).join('   ');
  return ['Benchmark', '', '```', ...[columns, ...rows].map(line), '```'];
}

function pagesOf({ tracking }: RunSnapshot, reported: boolean): string[] {
  if (!tracking) return [];
  return [
    `[MLflow run](${tracking.runUrl})`,
    ...(reported ? [`[Report, with captions and videos](${reportPage(tracking.runUrl)})`] : []),
  ];
}

/** The form for another run. */
export function formLinks({ namespace, workflowType, runId, repeatable }: ShownExecution): string[] {
  if (!repeatable) return [];
  return [`[Start another run with this input, or a changed one](${startFormPath(namespace, workflowType, runId)})`];
}

function sweepLinks({ namespace, parent }: ShownExecution, key: string): string[] {
  return [
    ...(parent === undefined ? [] : [`[The sweep](${runPath(namespace, parent)})`]),
    `[All runs of the sweep](${listPath(namespace, runsOfSweepQuery(key))})`,
  ];
}

/** Why the run waits, or will, first of all; then what it could not use of what it was sent. */
export function waitingLines(waiting: Waiting): string[] {
  return [...whyItWaits(waiting), ...(waiting.ignored === undefined ? [] : [waiting.ignored, ''])];
}

function whyItWaits({ paused, asked, blocked, notFinite, died, differs, judge, besides = [] }: Waiting): string[] {
  if (notFinite !== undefined) return [`**Paused: not finite.** ${notFinite}`, ''];
  if (died !== undefined) return [`**Paused: worker died.** ${died} Then send \`resume\`.`, ''];
  if (differs !== undefined) return [`**Paused: replay differs.** ${differs}`, ''];
  const since = (judge ? [judge, ...besides] : []).flatMap((each) => [waitingSentence(each), '']);
  if (blocked !== undefined)
    return [`**Paused: ${judge?.of ?? 'judge'}.** ${blocked} Then send \`resume\`.`, '', ...since];
  if (judge) return since;
  if (paused) return ['**Paused** after the current step. Send `resume` to continue.', ''];
  if (asked === 'pause') return ['**Pauses** after the current step.', ''];
  return asked === 'stop' ? ['**Stops** after the current step.', ''] : [];
}
