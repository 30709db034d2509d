import { Command } from '@commander-js/extra-typings';
import { allowConfig } from '../../configs/allowed-configs.ts';
import { isConfigPath } from '../../configs/load-config.ts';
import { parseSweep, readSweep } from '../../configs/load-sweep.ts';
import type { OverrideValue } from '../../configs/override-value.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { sweepEndLines } from '../output/sweep-lines.ts';
import { estimateLines, planSweep } from '../plan/plan-sweep.ts';
import { forWorkers, newWorkflowId, startWorkflow } from '../run/run-experiment.ts';
import { openSession } from '../run/session.ts';
import { finishSweep } from '../run/watch-sweep.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';
import { collectOverride } from './arguments.ts';

export const sweepCommand = new Command('sweep')
  .summary('run arms x conditions x seeds, and compare them')
  .description(
    'Runs every arm of a sweep file in every condition with every seed, and compares the arms with the reference arm ' +
      'on the same clips: means, intervals over clips and seeds, corrected p-values. All configs are checked before ' +
      'anything starts. The failure of one run leaves the others alone; after a crash the sweep goes on by itself. ' +
      'docs/sweeps.md explains the file. Ctrl-C ends the watching, not the sweep.',
  )
  .argument('<sweep>', 'sft-vs-grpo, which ships, or the path of a YAML file')
  .option('--set <key=value>', 'change a field of all runs, unless their arm sets it; repeatable', collectOverride)
  .option('--plan', 'list runs and expected questions to the judge, and start nothing')
  .option('--pin', 'stay with the present revision of the workers through upgrades')
  .option('--detach', 'start it and return at once')
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap sweep sft-vs-grpo --plan', 'what the shipped sweep takes'],
      ['videocap sweep sft-vs-grpo', 'all of it; its table answers the question of the paper'],
      ['videocap sweep my.yaml --set dataset.heldOutSamples=50 --detach', 'your own, in the background'],
      ['videocap status SWEEP', 'how far it is; pause, resume and stop take its name, too'],
      ['videocap resume SWEEP', 'after it was cancelled or terminated: finished runs stay'],
    ),
  )
  .action(async (name, { set = {}, plan, pin, detach, json }) => {
    const source = await readSweep(name);
    const parts = parseSweep(source, set as Record<string, OverrideValue>);
    const estimate = await planSweep(parts, name);
    if (plan) return json ? printJson(estimate) : print(...estimateLines(estimate));
    const installation = findInstallation();
    const report = new Report();
    await setUp(installation, report);
    const session = await openSession(installation, { report });
    try {
      if (isConfigPath(parts.config)) await allowConfig(session.home, parts.config);
      const { config: sweep, configHash: sweepHash } = await forWorkers(source, session.home);
      const input = { sweep, sweepHash, overrides: set };
      const summary = `${estimate.arms.length} arms and conditions, ${estimate.runs} runs`;
      const run = await startWorkflow(session, 'ablationSweep', newWorkflowId(parts.file.name), input, summary, {
        pin,
      });
      if (detach) {
        if (json) return printJson(run);
        return print(`Sweep ${run.workflowId} has started.`, `  watch it: videocap status ${run.workflowId} --watch`);
      }
      report.line(`Sweep ${run.workflowId}${run.link ? `   ${run.link}` : ''}`);
      const result = await finishSweep(session, run.workflowId);
      if (json) printJson({ ...run, summary: result });
      else print(...sweepEndLines(result, session.home));
    } finally {
      await session.close();
    }
  });
