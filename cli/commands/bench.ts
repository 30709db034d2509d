import { Argument, Command } from '@commander-js/extra-typings';
import { loadConfig } from '../../configs/load-config.ts';
import type { Evaluation } from '../../core/stages.ts';
import { findInstallation } from '../installation.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';
import { leaveRunGoing } from '../watch/interrupt.ts';
import { createProgressView } from '../watch/progress-view.ts';
import { metricsTable } from '../watch/result-table.ts';
import { forWorkers, newWorkflowId, startWorkflow } from '../watch/run-experiment.ts';
import { openSession } from '../watch/session.ts';
import { watchRun } from '../watch/watch-run.ts';
import { modelOf } from './model-argument.ts';
import { examples, print, printJson } from './output.ts';
import { collectOverride } from './overrides.ts';

export const benchCommand = new Command('bench')
  .summary('benchmark a checkpoint')
  .description('Captions the held-out videos of a config with a checkpoint, greedily, and scores the captions.')
  .argument('<checkpoint>', 'name of a shipped model, such as tiny, or a model folder that a run has written')
  .addArgument(
    new Argument('[suite]', 'what to measure on').choices(['held-out'] as const).default('held-out' as const),
  )
  .option('--config <config>', 'the experiment whose held-out videos and judge are used', 'quickstart')
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap bench tiny held-out', 'the base model that ships'],
      ['videocap bench path/to/model held-out --json', 'a trained one, for a script'],
    ),
  )
  .action(async (checkpoint, suite, { config, set: overrides = {}, json }) => {
    const model = modelOf(checkpoint);
    await loadConfig(config, { ...overrides, 'policy.model': model });
    const installation = findInstallation();
    const report = new Report();
    await setUp(installation, report);
    const session = await openSession(installation, { report });
    try {
      const input = { config: forWorkers(config), overrides: { ...overrides, ...NO_STEPS }, checkpoint: model, suite };
      const run = await startWorkflow(
        session,
        'benchmarkRun',
        newWorkflowId('bench'),
        input,
        `${suite} · ${checkpoint}`,
      );
      const forget = leaveRunGoing(run.workflowId);
      const evaluation = await watchRun<Evaluation>(
        session,
        run.workflowId,
        createProgressView({ steps: false }),
      ).finally(forget);
      if (json) printJson({ ...run, evaluation });
      else print('', metricsTable(evaluation.metrics), '', ...(run.link ? [`Temporal run   ${run.link}`] : []));
    } finally {
      await session.close();
    }
  });

/** Nothing is trained here; without this the run's page would count steps that never come. */
const NO_STEPS = { 'grpo.steps': 0, 'sft.steps': 0 };
