import { Command } from '@commander-js/extra-typings';
import { judgesDiffer } from '../../benchmarks/judged-by.ts';
import { configOf, readConfig } from '../../configs/load-config.ts';
import { bestSentence } from '../../contracts/best.ts';
import { forkSentence } from '../../contracts/forked-from.ts';
import { reportPage } from '../../contracts/mlflow-pages.ts';
import { endSentence } from '../../contracts/run-end.ts';
import { runWarnings } from '../../contracts/run-warnings.ts';
import { setAsideSentence } from '../../contracts/set-aside.ts';
import { parentage } from '../../contracts/start.ts';
import { findInstallation, type Installation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { judgeNotes, resultTable, unscoredNotes } from '../output/result-table.ts';
import { suiteLines } from '../output/suite-table.ts';
import { type FinishedRun, finishRun, type StartedRun, startRun } from '../run/run-experiment.ts';
import { openSession, type Session } from '../run/session.ts';
import { Report } from '../setup/report.ts';
import { setUp } from '../setup/setup.ts';
import { collectOverride, collectWord, runName } from './arguments.ts';

export const runCommand = new Command('run')
  .summary('run an experiment and watch it')
  .description(
    'Runs an experiment: base benchmark, training, final benchmark, report. Starts the local servers if they do not ' +
      'run, or uses the Temporal server of TEMPORAL_ADDRESS. Ctrl-C ends the watching, not the run.',
  )
  .argument('<config>', 'name of a file in configs/, such as quickstart, or the path of a YAML file')
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--name <name>', 'what its name begins with, in place of that of the config', runName)
  .option('--tag <tag>', 'a word, or name=value, for lists of runs and MLflow; repeatable', collectWord)
  .option('--note <text>', 'a remark, for the same places')
  .option('--pin', 'stay with the present revision of the workers through upgrades')
  .option('--detach', 'start it and return at once')
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap run quickstart', 'GRPO on the small world'],
      ['videocap run sft --set seed=2', 'the same with imitation and another seed'],
      ['videocap run my.yaml --set algorithm.steps=200 --detach', 'your own experiment, in the background'],
      ['videocap run my.yaml --name beta-0 --tag paper=v2 --note "no KL"', 'with a name, and what it is for'],
    ),
  )
  .action(async (config, { set = {}, name, tag, note, pin, detach, json }) => {
    const overrides = { ...set, ...(tag && { tags: tag }), ...(note !== undefined && { note }) };
    const source = await readConfig(config);
    await configOf(source, overrides);
    const installation = findInstallation();
    const report = new Report();
    await setUp(installation, report);
    const session = await openSession(installation, { report });
    try {
      const run = await startRun(session, source, overrides, { name, pin });
      await followRun(session, run, { installation, report, detach, json });
    } finally {
      await session.close();
    }
  });

interface Following {
  installation: Installation;
  report: Report;
  detach?: true | undefined;
  json?: true | undefined;
}

/** Watches a run that has just started to its end and prints its result, or (`detach`) says how to. */
export async function followRun(
  session: Session,
  run: StartedRun,
  { installation, report, detach, json }: Following,
): Promise<void> {
  if (detach) {
    if (json) return printJson(run);
    return print(`Run ${run.workflowId} has started.`, `  watch it: videocap status ${run.workflowId} --watch`);
  }
  report.line(`Run ${run.workflowId}${run.link ? `   ${run.link}` : ''}`);
  const finished = await finishRun(session, run, installation);
  if (json) printJson(finished);
  else print(...resultLines(finished));
}

/** What a person sees at the end of a run: base and trained policy side by side, and where to look further. */
export function resultLines({ summary, links }: FinishedRun): string[] {
  const { base, trained, best, end, trainedFrom, forkedFrom } = summary;
  const unusable = setAsideSentence(summary.setAside);
  const otherJudge = judgesDiffer([base, trained]);
  const warnings = [...runWarnings(summary), ...(otherJudge === undefined ? [] : [otherJudge])];
  return [
    '',
    resultTable(base.metrics, trained.metrics),
    ...judgeNotes([base, trained]),
    ...unscoredNotes({ base: base.metrics, trained: trained.metrics }),
    ...(trained.suites ?? []).flatMap(({ suite }) => ['', ...suiteLines(suite, { base, trained })]),
    ...warnings.map((sentence) => `  WARNING: ${sentence}.`),
    '',
    ...(links.temporal ? [`Temporal run   ${links.temporal}`] : []),
    ...(links.mlflow ? [`MLflow run     ${links.mlflow}`] : []),
    `report         ${links.report}`,
    ...(links.mlflow ? [`               ${reportPage(links.mlflow)}`] : []),
    ...(trainedFrom ? [`started from   ${parentage(trainedFrom)}`] : []),
    ...(forkedFrom
      ? [`forked from    ${forkSentence(forkedFrom)}`, `own steps      ${summary.steps - forkedFrom.step}`]
      : []),
    ...(best ? [`best           ${bestSentence(best)}`] : []),
    ...(best?.endedEarly && !end ? [`ended early    ${best.endedEarly}`] : []),
    ...(end ? [`ended          ${endSentence(end)}`] : []),
    ...(unusable === undefined ? [] : [`set aside      ${unusable}`]),
    `trained model  ${summary.modelFolder}`,
  ];
}
