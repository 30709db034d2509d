import { Command } from '@commander-js/extra-typings';
import type { Limits } from '../../contracts/limits.ts';
import { examples } from '../output/print.ts';
import { amount, wholeNumber } from './arguments.ts';
import { messageRun, needsSteps } from './message-run.ts';

const RUN = 'as `videocap status` lists it';
const JSON_OPTION = ['--json', 'print the result as JSON'] as const;

export const stopCommand = new Command('stop')
  .summary('stop a run gracefully after its current step')
  .description(
    'Stops a run after its current step, with the final benchmark and the report. A run that waits for its judge, ' +
      'its rollout servers or you ends at once, without what is not complete; so does a benchmark, which has no steps.',
  )
  .argument('<run>', RUN)
  .option(...JSON_OPTION)
  .action((run, { json }) =>
    messageRun(run, json, async (handle) => {
      const { type } = await handle.describe();
      await handle.signal('stop');
      const when = type === 'benchmarkRun' ? 'ends now, without a result' : 'will stop after its current step';
      return { sentence: `Run ${run} ${when}.`, fields: { asked: 'stop' } };
    }),
  );

export const pauseCommand = new Command('pause')
  .summary('pause a run after its current step')
  .description('Pauses a run after its current step, for any length of time. `resume` continues it.')
  .argument('<run>', RUN)
  .option(...JSON_OPTION)
  .action((run, { json }) =>
    messageRun(run, json, async (handle) => {
      await needsSteps(handle);
      await handle.signal('pause');
      const sentence = `Run ${run} will pause after its current step; continue with: videocap resume ${run}`;
      return { sentence, fields: { asked: 'pause' } };
    }),
  );

export const limitsCommand = new Command('limits')
  .summary('change the budget or the steps of a run')
  .description(
    'Changes limits of an active run, or prints them if no option is given. After a pause by the budget, raise the ' +
      'budget and run `videocap resume`.',
  )
  .argument('<run>', RUN)
  .option('--judge-usd <usd>', 'the most that the judge may cost this run in total, in USD', amount(20))
  .option('--judge-calls <calls>', 'the most questions that the run may pay for in total', wholeNumber(0, 500))
  .option('--benchmark-judge-usd <usd>', 'the same for benchmark.judge, if the config has one', amount(20))
  .option('--benchmark-judge-calls <calls>', 'the same for benchmark.judge', wholeNumber(0, 500))
  .option('--captions-usd <usd>', 'the most that captions of an endpoint may cost this run in total', amount(20))
  .option('--captions-calls <calls>', 'the most captions that the run may pay for in total', wholeNumber(0, 500))
  .option('--max-steps <steps>', 'end after this step', wholeNumber(0, 500))
  .option(...JSON_OPTION)
  .addHelpText('after', examples(['videocap limits my-run --judge-usd 20', 'then: videocap resume my-run']))
  .action(
    (
      run,
      { judgeUsd, judgeCalls, benchmarkJudgeUsd, benchmarkJudgeCalls, captionsUsd, captionsCalls, maxSteps, json },
    ) =>
      messageRun(run, json, async (handle) => {
        const change: Limits = {
          ...(judgeUsd !== undefined && { judgeBudgetUsd: judgeUsd }),
          ...(judgeCalls !== undefined && { judgeBudgetCalls: judgeCalls }),
          ...(benchmarkJudgeUsd !== undefined && { benchmarkJudgeBudgetUsd: benchmarkJudgeUsd }),
          ...(benchmarkJudgeCalls !== undefined && { benchmarkJudgeBudgetCalls: benchmarkJudgeCalls }),
          ...(captionsUsd !== undefined && { captionsBudgetUsd: captionsUsd }),
          ...(captionsCalls !== undefined && { captionsBudgetCalls: captionsCalls }),
          ...(maxSteps !== undefined && { maxSteps }),
        };
        const limits = await handle.executeUpdate<Limits, [Limits]>('setLimits', { args: [change] });
        return { sentence: `Limits of run ${run} now: ${limitsInWords(limits)}.`, fields: { limits } };
      }),
  );

function limitsInWords(limits: Limits): string {
  const { judgeBudgetUsd, judgeBudgetCalls, benchmarkJudgeBudgetUsd, benchmarkJudgeBudgetCalls } = limits;
  const { captionsBudgetUsd, captionsBudgetCalls, maxSteps } = limits;
  const words = [
    judgeBudgetUsd !== undefined && `${judgeBudgetUsd} USD for the judge`,
    judgeBudgetCalls !== undefined && `${judgeBudgetCalls} calls of the judge`,
    benchmarkJudgeBudgetUsd !== undefined && `${benchmarkJudgeBudgetUsd} USD for the judge of benchmarks`,
    benchmarkJudgeBudgetCalls !== undefined && `${benchmarkJudgeBudgetCalls} calls of the judge of benchmarks`,
    captionsBudgetUsd !== undefined && `${captionsBudgetUsd} USD for captions`,
    captionsBudgetCalls !== undefined && `${captionsBudgetCalls} captions`,
    maxSteps !== undefined && `${maxSteps} steps`,
  ].filter(Boolean);
  return words.length > 0 ? words.join(', ') : 'those of its config';
}
