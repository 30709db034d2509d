import { userInfo } from 'node:os';
import { REFERENCE_ROWS } from '../benchmarks/held-out-metrics.ts';
import { heldOutMadeWithText, madeWithText } from '../benchmarks/suites/made-with.ts';
import type { ExperimentConfig } from '../configs/schema.ts';
import { type BestCheckpoint, bestSentence } from '../contracts/best.ts';
import { type CollapseWarning, collapseSentence } from '../contracts/collapse.ts';
import { type ForkedFrom, forkSentence } from '../contracts/forked-from.ts';
import { endSentence, type RunEnd } from '../contracts/run-end.ts';
import type { RunIdentity } from '../contracts/run-identity.ts';
import { baseAndTrained, type Evaluation } from '../contracts/run-results.ts';
import { runWarnings } from '../contracts/run-warnings.ts';
import { type SetAside, setAsideSentence } from '../contracts/set-aside.ts';
import { parentage, type TrainedFrom } from '../contracts/start.ts';
import type { SweepPlace } from '../contracts/sweep-place.ts';
import type { Execution } from '../contracts/tracking.ts';
import { temporalLink } from '../contracts/tracking.ts';
import { identityText } from '../core/identity.ts';
import { hasJudge, isLlm } from '../judge/judge-config.ts';
import { weightsOf } from '../rewards/combine-rewards.ts';
import { measureOf } from '../rewards/think/graded-by.ts';
import type { Tag } from './mlflow-client.ts';
import { runsView, VIEW_TAG } from './runs-view.ts';
import { sweepTags } from './sweep-tags.ts';

/** The tag by which the mirror finds its own runs. */
export const RUN_KEY_TAG = 'videocap.runKey';
/** The last step that a long delivery has sent. */
export const MIRRORED_STEP_TAG = 'videocap.mirroredStep';
/** MLflow shows this as the description of a run or an experiment, as Markdown. */
export const NOTE_TAG = 'mlflow.note.content';

/** All runs of one experiment file stand side by side in one MLflow experiment. */
export function experimentName({ name }: ExperimentConfig): string {
  return `videocap/${name}`;
}

export function experimentTags({ name, reward, benchmark }: ExperimentConfig): Tag[] {
  const primary = benchmark.metrics.includes('events') ? 'eventF1' : benchmark.metrics[0];
  return tags({
    [NOTE_TAG]: [
      `Video captioning by reinforcement learning: the runs of the experiment \`${name}\`.`,
      '',
      '- `eval/*`: benchmark on held-out videos in points, before, while and after training; `eval-bounds/*`: ' +
        'their 95% bounds.',
      '- `reward/*`: what training raises: mean reward of the sampled completions, and its components ' +
        `${Object.keys(weightsOf(reward)).join(', ')}.`,
      '- `train/*`: loss, KL to the start policy, entropy, gradient norm, completion length.',
      '- Tables, under *Artifact evaluation*: `completions.json` has completions from the whole training with their ' +
        'rewards, `eval/captions.json` base and trained captions. All completions: `rollouts/step-*.json` of a run.',
    ].join('\n'),
    [VIEW_TAG]: runsView(),
    // Without a kind the UI asks every visitor to choose one.
    'mlflow.experimentKind': 'custom_model_development',
    'mlflow.experiment.primaryMetric.name': `eval/${primary}`,
    'mlflow.experiment.primaryMetric.greaterIsBetter': 'true',
  });
}

export interface RunOrigin {
  runKey: string;
  config: ExperimentConfig;
  execution?: Execution | undefined;
  trainedFrom?: TrainedFrom | undefined;
  forkedFrom?: ForkedFrom | undefined;
  /** Where in a sweep it belongs. */
  sweep?: SweepPlace | undefined;
  /** The MLflow run that it stands below: of its sweep, or of the run that it was forked from. */
  parent?: string | undefined;
  temporalUiUrl?: string | undefined;
  /** The list of the runs beside it. */
  runsPage?: string | undefined;
  commit?: string | undefined;
  env?: NodeJS.ProcessEnv;
}

export function runTags({
  runKey,
  config,
  execution,
  trainedFrom,
  forkedFrom,
  sweep,
  parent,
  temporalUiUrl,
  runsPage,
  commit,
  env = process.env,
}: RunOrigin): Tag[] {
  return tags({
    ...labelsOf(config),
    [RUN_KEY_TAG]: runKey,
    // MLflow draws the tree from it.
    'mlflow.parentRunId': parent,
    ...(sweep && sweepTags(sweep)),
    [NOTE_TAG]: startNote(config, temporalLink(temporalUiUrl, execution), { trainedFrom, forkedFrom, runsPage }),
    'videocap.algorithm': config.algorithm.kind,
    'videocap.judge': config.judge.kind,
    'videocap.benchmarkJudge': config.benchmark.judge?.kind,
    'videocap.think.comparedBy': measureOf(config.reward).think,
    'videocap.trainedFrom': trainedFrom && config.policy.model,
    'videocap.trainedFrom.weights': trainedFrom?.weights,
    'videocap.forkedFrom': forkedFrom && `run:${forkedFrom.run}@${forkedFrom.step}`,
    'videocap.forkedFrom.run': forkedFrom?.run,
    'videocap.forkedFrom.step': forkedFrom && String(forkedFrom.step),
    'temporal.workflowId': execution?.workflowId,
    'temporal.runId': execution?.runId,
    'temporal.url': temporalLink(temporalUiUrl, execution),
    'mlflow.user': env.MLFLOW_TRACKING_USERNAME ?? userName(),
    'mlflow.source.type': 'JOB',
    'mlflow.source.name': 'videocap-r1 trainingRun',
    'mlflow.source.git.commit': commit,
  });
}

/** A user's own tags: `baseline` as `baseline: true`, `paper=v2` as `paper: v2`. They have no dot, as all others do. */
function labelsOf({ tags }: ExperimentConfig): Record<string, string> {
  return Object.fromEntries(tags.map((tag) => tag.split(/=(.*)/s, 2)).map(([name, value = 'true']) => [name, value]));
}

/** The run's description while it trains. */
export function startNote(
  config: ExperimentConfig,
  temporalUrl: string | undefined,
  { trainedFrom, forkedFrom, runsPage }: Pick<RunOrigin, 'trainedFrom' | 'forkedFrom' | 'runsPage'> = {},
): string {
  const { algorithm, judge, policy, seed, benchmark, note } = config;
  const grader = isLlm(judge)
    ? `Judge: \`${judge.model}\`.`
    : !hasJudge(judge)
      ? 'There is **no judge**: captions are compared with their references.'
      : 'The judge is **rule-based, no LLM**: it reads captions of the small world of shapes.';
  const lines = [`**${algorithm.kind.toUpperCase()}** on \`${policy.model}\`, seed ${seed}. ${grader}`];
  if (benchmark.judge)
    lines[0] += ` Judge of benchmarks: ${isLlm(benchmark.judge) ? `\`${benchmark.judge.model}\`` : 'rules, no LLM'}.`;
  if (trainedFrom) lines.push('', `Started from ${parentage(trainedFrom)}.`);
  if (forkedFrom) lines.push('', `Forked from ${forkSentence(forkedFrom)}. Its steps up to there are that run’s.`);
  if (note !== '') lines.push('', plainMarkdown(note));
  const links = [
    ...(temporalUrl ? [`[The run in Temporal](${temporalUrl})`] : []),
    ...(runsPage ? [`[All runs of this experiment](${runsPage})`] : []),
  ];
  if (links.length > 0) lines.push('', links.join(' · '));
  return lines.join('\n');
}

/** A user's text in Markdown, as it was written. */
function plainMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>#|!]/g, '\\$&');
}

const RESULTS = '\n\n**Held-out, base → trained:** ';
/** How a run ended that has no results, and what else must be known of it. */
const ENDING = '\n\n**How it ended:** ';

interface Ending {
  best?: BestCheckpoint | undefined;
  end?: RunEnd | undefined;
  collapse?: readonly CollapseWarning[];
  identity?: RunIdentity | undefined;
}

/** A run's description with its results below, in place of earlier results. Short, since MLflow folds long ones. */
export function finishNote(
  whole: string,
  evaluations: readonly Evaluation[],
  reportPath: string | undefined,
  { best, end, ...warned }: Ending = {},
): string {
  const note = noteAtStart(whole);
  const how = [...(end ? [endSentence(end)] : []), ...runWarnings(warned)].map((sentence) => `${sentence}.`);
  const ending = how.length > 0 ? `${ENDING}${how.join(' ')}` : '';
  const [base, trained = base] = baseAndTrained(evaluations, best);
  if (!base || !trained) return `${note}${ending}`;
  const result = (name: string, title: string) => {
    const [from, to] = [base.metrics[name], trained.metrics[name]];
    if (from === undefined || to === undefined) return [];
    return [`${title} ${from.toFixed(1)} → ${to.toFixed(1)} (${signed(to - from)})`];
  };
  const results = [
    ...result('eventF1', 'event F1'),
    ...result('actionF1', 'action F1'),
    ...result('objectF1', 'object F1'),
    ...REFERENCE_ROWS.flatMap(({ metric, title }) => result(metric, title)),
  ];
  const chosen = best ? ` Best checkpoint, exported: ${bestSentence(best)}.` : '';
  const ended = best?.endedEarly && !end ? ` Ended early: ${best.endedEarly}.` : '';
  const unread = byCharacters(trained.metrics);
  const report = reportPath ? ` Videos and captions: artifact \`${reportPath}\`.` : '';
  return `${note}${RESULTS}${results.join(', ')}.${chosen}${ended}${unread}${report}${ending}`;
}

/** The description of a run without results, with how it ended. */
export function endedNote(whole: string, sentence: string): string {
  return `${noteAtStart(whole)}${ENDING}${sentence}.`;
}

/** A run's description without what was written below it when the run ended. */
export function noteAtStart(note: string): string {
  return note.split(RESULTS)[0]!.split(ENDING)[0]!;
}

/** Which scores compared texts by characters, since their measure could not read them. */
function byCharacters(metrics: Evaluation['metrics']): string {
  const shares = Object.entries(metrics).filter(([name]) => name.endsWith('/byCharacters'));
  return shares
    .map(([name, share]) => ` ${name.split('/')[0]}: ${share.toFixed(0)} % of texts by characters.`)
    .join('');
}

/** What the figures of a run were made with, by what was measured: `videocap.madeWith.dream1k`. */
export function madeWithTags(evaluations: readonly Evaluation[]): Tag[] {
  const texts = new Map<string, Set<string>>();
  const add = (name: string, text: string) => texts.set(name, (texts.get(name) ?? new Set()).add(text));
  for (const { made, judge, suites = [] } of evaluations) {
    if (made) add('held-out', heldOutMadeWithText(made, judge.model));
    for (const { suite, madeWith, judge } of suites) if (madeWith) add(suite, madeWithText(madeWith, judge.model));
  }
  return [...texts].map(([name, each]) => ({ key: `videocap.madeWith.${name}`, value: [...each].join('\n') }));
}

/** What marks the best checkpoint of a run. */
export function bestTags(best: BestCheckpoint | undefined): Tag[] {
  return tags({
    'videocap.best.step': best && String(best.step),
    'videocap.best.metric': best?.metric,
    'videocap.best.value': best && String(best.value),
    'videocap.endedEarly': best?.endedEarly,
  });
}

/** How a run ended. It is empty in a run that a user has resumed since. */
export const END_TAG = 'videocap.end';

/** What marks how a run ended, and how many samples it could not use. */
export function endTags({ end, setAside }: { end?: RunEnd | undefined; setAside?: SetAside | undefined }): Tag[] {
  return tags({
    [END_TAG]: end && endSentence(end),
    'videocap.setAside': setAsideSentence(setAside),
  });
}

/** What marks a run whose policy may have collapsed. */
export function collapseTags(warnings: readonly CollapseWarning[]): Tag[] {
  if (warnings.length === 0) return [];
  return tags({ 'videocap.collapse': warnings.map(collapseSentence).join('\n') });
}

/** What a run was computed and judged with, by part, each that was seen; and what has changed on the way. */
export function identityTags(identity: RunIdentity | undefined): Tag[] {
  if (!identity) return [];
  const seen = Object.entries(identity.seen).map(([part, each]) => [part, each.map(identityText).join('\n')]);
  const changes = identity.warnings.map(({ sentence }) => sentence).join('\n');
  return tags({
    ...Object.fromEntries(seen.map(([part, text]) => [`videocap.identity.${part}`, text])),
    'videocap.identity.changes': changes === '' ? undefined : changes,
  });
}

function signed(points: number): string {
  return `${points < 0 ? '' : '+'}${points.toFixed(1)}`;
}

function tags(values: Record<string, string | undefined>): Tag[] {
  return Object.entries(values).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }]));
}

/** A container's user may have no name. */
function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined;
  }
}
