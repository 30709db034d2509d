import { type BestCheckpoint, bestSentence } from '../contracts/best.ts';
import { forkSentence } from '../contracts/forked-from.ts';
import { waitingSentence } from '../contracts/judge-waiting.ts';
import { endSentence, type RunEnd } from '../contracts/run-end.ts';
import type { RunSnapshot } from '../contracts/run-state.ts';
import { type PartOf, partSentence } from '../contracts/run-status.ts';
import { runWarnings } from '../contracts/run-warnings.ts';
import { type SetAside, setAsideSentence } from '../contracts/set-aside.ts';
import { parentage } from '../contracts/start.ts';
import { weightsOf } from '../rewards/combine-rewards.ts';
import type { Waiting } from './controllable-run.ts';

interface Shown {
  totalSteps: number;
  /** The part of its round that the run works on. */
  part?: PartOf | undefined;
  waiting: Waiting;
  best?: BestCheckpoint | undefined;
  /** Once the run has made its last step. */
  end?: RunEnd | undefined;
  setAside?: SetAside | undefined;
}

/** The Markdown that the Temporal UI shows on a run's page: where it is, what it reached, where to look. */
export function runDetails(snapshot: RunSnapshot, { totalSteps, part, waiting, best, end, setAside }: Shown): string {
  const { config, lastMetrics: last, evaluations, tracking, spent, benchmarkSpent, trainedFrom, forkedFrom } = snapshot;
  const { collapse, identity, captionsSpent } = snapshot;
  const unusable = setAsideSentence(setAside);
  const number = (name: string, digits = 3) => last[name]?.toFixed(digits) ?? '-';
  const lines = [
    ...waitingLines(waiting),
    ...(end ? [`**${endSentence(end)}.**`, ''] : []),
    ...runWarnings({ collapse: collapse?.warnings, identity }).flatMap((sentence) => [`**${sentence}.**`, '']),
    `**${config.algorithm.kind.toUpperCase()}** step ${snapshot.step} of ${totalSteps}` +
      (part ? `, then ${partSentence(part)} of a round` : ''),
    '',
    ...table([
      ['reward', number('reward/mean')],
      ...Object.keys(weightsOf(config.reward)).map((name): [string, string] => [name, number(`reward/${name}`)]),
      ['KL', number('train/kl', 4)],
      ['loss', number('train/loss', 4)],
      ['s/step', number('time/stepSeconds', 1)],
    ]),
    '',
    '| benchmark at step | event F1 | action F1 | object F1 |',
    '|---|---|---|---|',
    ...evaluations.map(
      ({ step, metrics }) =>
        `| ${step} | ${metrics.eventF1?.toFixed(1)} | ${metrics.actionF1?.toFixed(1)} | ` +
        `${metrics.objectF1?.toFixed(1)} |`,
    ),
  ];
  if (trainedFrom) lines.push('', `Started from ${parentage(trainedFrom)}`);
  if (forkedFrom) lines.push('', `Forked from ${forkSentence(forkedFrom)}`);
  if (best) lines.push('', `**Best checkpoint** ${bestSentence(best)}`);
  if (unusable !== undefined) lines.push('', unusable);
  if (snapshot.skippedUpdates) lines.push('', `Updates that were not made, not finite: ${snapshot.skippedUpdates}`);
  if (spent.calls > 0) lines.push('', `Judge: ${spent.calls} calls, ${spent.usd.toFixed(2)} USD`);
  if (benchmarkSpent)
    lines.push('', `Judge of benchmarks: ${benchmarkSpent.calls} calls, ${benchmarkSpent.usd.toFixed(2)} USD`);
  if (captionsSpent) lines.push('', `Captions: ${captionsSpent.calls} calls, ${captionsSpent.usd.toFixed(2)} USD`);
  if (tracking) lines.push('', `[MLflow run](${tracking.runUrl})`);
  return lines.join('\n');
}

/** A Markdown table of one row. */
function table(cells: readonly [title: string, text: string][]): string[] {
  const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`;
  return [row(cells.map(([title]) => title)), row(cells.map(() => '---')), row(cells.map(([, text]) => text))];
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
