import { Command } from '@commander-js/extra-typings';
import { WorkflowNotFoundError } from '@temporalio/client';
import { shortName } from '../../core/run-key.ts';
import { findInstallation } from '../installation.ts';
import { examples } from '../output/print.ts';
import { originOf } from '../run/ended-run.ts';
import { explainFailure } from '../run/explain-failure.ts';
import { newWorkflowId, startWorkflow } from '../run/run-experiment.ts';
import { openSession } from '../run/session.ts';
import { Report } from '../setup/report.ts';
import { collectOverride, wholeNumber } from './arguments.ts';
import { followRun } from './run.ts';

/** Characters of a fork's name that are its parent's. */
const LONGEST_PARENT = 150;

export const forkCommand = new Command('fork')
  .summary('start a new run from a step of another')
  .description(
    'Starts a new run from a checkpoint of an active or ended run, with changes to its config. The new run reuses ' +
      'frames and verdicts; its KL term still compares with the start policy of the first run. ' +
      '`checkpoints.keepEvery` sets which checkpoints a run keeps.',
  )
  .argument('<run>', 'as `videocap status` lists it')
  .requiredOption('--at-step <step>', 'the step to start from', wholeNumber(0, 20))
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--detach', 'start it and return at once')
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    examples([
      'videocap fork my-run --at-step 20 --set algorithm.beta=0.1',
      'the rest of the run with another KL weight',
    ]),
  )
  .action(async (parent, { atStep, set: overrides = {}, detach, json }) => {
    const installation = findInstallation();
    const report = new Report();
    const session = await openSession(installation, { report });
    try {
      const origin = originOf(await session.client.workflow.getHandle(parent).describe());
      const own = parent.replace(/-\d{8}-\d{6}-[0-9a-f]{4}$/, '').replace(/-fork$/, '');
      const name = shortName(own, LONGEST_PARENT);
      const run = await startWorkflow(
        session,
        'trainingRun',
        newWorkflowId(`${name}-fork`),
        { config: origin.config, overrides, fork: { run: origin.run, step: atStep } },
        `fork of ${parent} at step ${atStep}`,
      );
      await followRun(session, run, { installation, report, detach, json });
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) throw explainFailure(error, parent);
      throw error;
    } finally {
      await session.close();
    }
  });
