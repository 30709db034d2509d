import { Command } from '@commander-js/extra-typings';
import type { Limits } from '../../contracts/limits.ts';
import { examples } from '../output/print.ts';
import { amount, wholeNumber } from './arguments.ts';
import { messageRun, needsSteps } from './message-run.ts';

const RUN = 'as `videocap status` lists it';
const JSON_OPTION = ['--json', 'print the result as JSON'] as const;

export const stopCommand = new Command('stop')
  .summary('end a run early, in good order')
  .description('Ends a run after its current step, with the final benchmark and the report.')
  .argument('<run>', RUN)
  .option(...JSON_OPTION)
  .action((run, { json }) =>
    messageRun(run, json, async (handle) => {
      await needsSteps(handle);
      await handle.signal('stop');
      return { sentence: `Run ${run} will end after its current step.`, fields: { asked: 'stop' } };
    }),
  );

export const pauseCommand = new Command('pause')
  .summary('let a run wait')
  .description('Lets a run wait after its current step. Nothing is lost, however long it waits.')
  .argument('<run>', RUN)
  .option(...JSON_OPTION)
  .action((run, { json }) =>
    messageRun(run, json, async (handle) => {
      await needsSteps(handle);
      await handle.signal('pause');
      const sentence = `Run ${run} will wait after its current step; go on with: videocap resume ${run}`;
      return { sentence, fields: { asked: 'pause' } };
    }),
  );

export const limitsCommand = new Command('limits')
  .summary('change the budget or the steps of a run')
  .description(
    'Changes limits of a run that is going on; without a limit, says which hold. A run paused by its budget goes ' +
      'on after `videocap resume`.',
  )
  .argument('<run>', RUN)
  .option('--judge-usd <usd>', 'what the judge may cost this run in all, in USD', amount(20))
  .option('--judge-calls <calls>', 'how many questions the run may pay for in all', wholeNumber(0, 500))
  .option('--benchmark-judge-usd <usd>', 'the same of benchmark.judge, where benchmarks have one', amount(20))
  .option('--benchmark-judge-calls <calls>', 'the same of benchmark.judge', wholeNumber(0, 500))
  .option('--max-steps <steps>', 'end after this step', wholeNumber(0, 500))
  .option(...JSON_OPTION)
  .addHelpText('after', examples(['videocap limits my-run --judge-usd 20', 'then: videocap resume my-run']))
  .action((run, { judgeUsd, judgeCalls, benchmarkJudgeUsd, benchmarkJudgeCalls, maxSteps, json }) =>
    messageRun(run, json, async (handle) => {
      const change: Limits = {
        ...(judgeUsd !== undefined && { judgeBudgetUsd: judgeUsd }),
        ...(judgeCalls !== undefined && { judgeBudgetCalls: judgeCalls }),
        ...(benchmarkJudgeUsd !== undefined && { benchmarkJudgeBudgetUsd: benchmarkJudgeUsd }),
        ...(benchmarkJudgeCalls !== undefined && { benchmarkJudgeBudgetCalls: benchmarkJudgeCalls }),
        ...(maxSteps !== undefined && { maxSteps }),
      };
      const limits = await handle.executeUpdate<Limits, [Limits]>('setLimits', { args: [change] });
      return { sentence: `Limits of run ${run} now: ${limitsInWords(limits)}.`, fields: { limits } };
    }),
  );

function limitsInWords(limits: Limits): string {
  const { judgeBudgetUsd, judgeBudgetCalls, benchmarkJudgeBudgetUsd, benchmarkJudgeBudgetCalls, maxSteps } = limits;
  const words = [
    judgeBudgetUsd !== undefined && `${judgeBudgetUsd} USD for the judge`,
    judgeBudgetCalls !== undefined && `${judgeBudgetCalls} calls of the judge`,
    benchmarkJudgeBudgetUsd !== undefined && `${benchmarkJudgeBudgetUsd} USD for the judge of benchmarks`,
    benchmarkJudgeBudgetCalls !== undefined && `${benchmarkJudgeBudgetCalls} calls of the judge of benchmarks`,
    maxSteps !== undefined && `${maxSteps} steps`,
  ].filter(Boolean);
  return words.length > 0 ? words.join(', ') : 'those of its config';
}
