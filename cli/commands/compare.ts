import { Command } from '@commander-js/extra-typings';
import { SWEEP_METRICS } from '../../configs/sweep-file.ts';
import type { SweepOutcome } from '../../contracts/sweep-results.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { didYouMean } from '../../core/did-you-mean.ts';
import { VideocapError } from '../../core/errors.ts';
import { openStorage } from '../../core/open-storage.ts';
import { compareRuns } from '../../report/measured-runs.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { sweepLines } from '../output/sweep-lines.ts';
import { armsOf, readRuns, stepNotes } from '../run/compared-runs.ts';

export const compareCommand = new Command('compare')
  .summary('compare runs that exist, as a sweep does')
  .description(
    'Compares the trained policies of runs on the held-out clips that they have in common, as a sweep does. Runs ' +
      'whose configs differ in the seed alone are one arm with several seeds; the arm of the first run is the ' +
      'reference. Reads the store of this installation; neither servers nor workers need run.',
  )
  .argument('<runs...>', 'runs as `videocap status` lists them, or their keys in the store')
  .option('--metric <name>', 'the metric that decides', 'eventF1')
  .option('--json', 'print the table as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap compare sft-1 sft-2 grpo-1 grpo-2', 'two arms with two seeds each'],
      ['videocap compare sft-1 grpo-1 --metric think', 'by another metric'],
    ),
  )
  .action(async (names, { metric, json }) => {
    if (!SWEEP_METRICS.includes(metric))
      throw new VideocapError(
        'InvalidInput',
        `--metric is "${metric}"${didYouMean(metric, SWEEP_METRICS)}; set one of ${SWEEP_METRICS.join(', ')}.`,
      );
    const store = new ArtifactStore(await openStorage(findInstallation().home));
    const runs = await readRuns(store, names);
    if (runs.length < 2) throw onlyOne(names[0]!);
    const outcomes = armsOf(runs);
    const reference = outcomes[0]!.arm;
    const { table } = await compareRuns(store, { name: 'comparison', metric, reference, outcomes });
    if (json) printJson(table);
    else print(...sweepLines(table), ...runsOfArms(outcomes), ...stepNotes(runs));
  });

/** Which runs an arm of the table stands for. */
export function runsOfArms(outcomes: readonly Pick<SweepOutcome, 'arm' | 'run'>[]): string[] {
  const arms = [...new Set(outcomes.map(({ arm }) => arm))];
  return arms.map((arm) => {
    const runs = outcomes.filter((outcome) => outcome.arm === arm).flatMap(({ run }) => run ?? []);
    return `  ${arm}: ${runs.join(', ')}`;
  });
}

export function onlyOne(run: string): VideocapError {
  return new VideocapError(
    'InvalidInput',
    `There is one run to compare, ${run}; name another one, too. Its own result: videocap status ${run}`,
  );
}
