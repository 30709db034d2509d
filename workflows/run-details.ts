import { type BestCheckpoint, bestSentence } from '../contracts/best.ts';
import { waitingSentence } from '../contracts/judge-waiting.ts';
import type { RunSnapshot } from '../contracts/run-state.ts';
import { parentage } from '../contracts/start.ts';
import { weightsOf } from '../rewards/combine-rewards.ts';
import type { Waiting } from './controllable-run.ts';

/** The Markdown that the Temporal UI shows on a run's page: where it is, what it reached, where to look. */
export function runDetails(snapshot: RunSnapshot, totalSteps: number, waiting: Waiting, best?: BestCheckpoint): string {
  const { config, lastMetrics: last, evaluations, tracking, spent, benchmarkSpent, trainedFrom } = snapshot;
  const number = (name: string, digits = 3) => last[name]?.toFixed(digits) ?? '-';
  const lines = [
    ...waitingLines(waiting),
    `**${config.algorithm.kind.toUpperCase()}** step ${snapshot.step} of ${totalSteps}`,
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
  if (best) lines.push('', `**Best checkpoint** ${bestSentence(best)}`);
  if (best?.endedEarly) lines.push('', `Ended early: ${best.endedEarly}`);
  if (spent.calls > 0) lines.push('', `Judge: ${spent.calls} calls, ${spent.usd.toFixed(2)} USD`);
  if (benchmarkSpent)
    lines.push('', `Judge of benchmarks: ${benchmarkSpent.calls} calls, ${benchmarkSpent.usd.toFixed(2)} USD`);
  if (tracking) lines.push('', `[MLflow run](${tracking.runUrl})`);
  return lines.join('\n');
}

/** A Markdown table of one row. */
function table(cells: readonly [title: string, text: string][]): string[] {
  const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`;
  return [row(cells.map(([title]) => title)), row(cells.map(() => '---')), row(cells.map(([, text]) => text))];
}

/** Why the run waits, first of all. */
export function waitingLines({ paused, blocked, judge }: Waiting): string[] {
  const since = judge ? [waitingSentence(judge), ''] : [];
  if (blocked !== undefined) return [`**Paused: judge.** ${blocked} Then send \`resume\`.`, '', ...since];
  if (judge) return since;
  return paused ? ['**Paused** after the current step. Send `resume` to continue.', ''] : [];
}
