import { Command } from '@commander-js/extra-typings';
import { messageRun } from './message-run.ts';
import { examples } from './output.ts';

const RUN = 'as `videocap status` lists it';

export const stopCommand = new Command('stop')
  .summary('end a run early, in good order')
  .description('Ends a run after its current step, with the final benchmark and the report.')
  .argument('<run>', RUN)
  .action((run) =>
    messageRun(run, async (handle) => {
      await handle.signal('stop');
      return `Run ${run} will end after its current step.`;
    }),
  );

export const pauseCommand = new Command('pause')
  .summary('let a run wait')
  .description('Lets a run wait after its current step. Nothing is lost, however long it waits.')
  .argument('<run>', RUN)
  .action((run) =>
    messageRun(run, async (handle) => {
      await handle.signal('pause');
      return `Run ${run} will wait after its current step; go on with: videocap resume ${run}`;
    }),
  );

export const limitsCommand = new Command('limits')
  .summary('change the budget or the steps of a run')
  .description('Changes limits of a run that is going on. A run paused by its budget goes on after `videocap resume`.')
  .argument('<run>', RUN)
  .option('--judge-usd <usd>', 'what the judge may cost this run in all, in USD', Number)
  .option('--judge-calls <calls>', 'how many questions the run may pay for in all', Number)
  .option('--max-steps <steps>', 'end after this step', Number)
  .addHelpText('after', examples(['videocap limits my-run --judge-usd 20', 'then: videocap resume my-run']))
  .action((run, { judgeUsd, judgeCalls, maxSteps }) =>
    messageRun(run, async (handle) => {
      const limits = {
        ...(judgeUsd !== undefined && { judgeBudgetUsd: judgeUsd }),
        ...(judgeCalls !== undefined && { judgeBudgetCalls: judgeCalls }),
        ...(maxSteps !== undefined && { maxSteps }),
      };
      const now = await handle.executeUpdate('setLimits', { args: [limits] });
      return `Limits of run ${run} now: ${JSON.stringify(now)}`;
    }),
  );
