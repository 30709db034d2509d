import { Command } from '@commander-js/extra-typings';
import { openStorage } from '../../core/open-storage.ts';
import { type Collection, collectGarbage, KINDS, type Kind } from '../gc/collect.ts';
import { knownExecutions } from '../gc/known-runs.ts';
import { findInstallation } from '../installation.ts';
import { examples, print, printJson } from '../output/print.ts';
import { alignedTable } from '../output/result-table.ts';
import { sizeText } from '../output/size.ts';
import { openSession } from '../run/session.ts';
import { amount } from './arguments.ts';

const CACHE_DAYS = 7;

export const gcCommand = new Command('gc')
  .summary('delete artifacts that no run needs')
  .description(
    'Deletes the artifacts that no run needs. Active runs, and ended runs that `resume` could continue, keep ' +
      'everything. Finished runs keep records, report, benchmarks with captions and verdicts, and the checkpoints of ' +
      'benchmarked steps and of the last step, so you can still fork them. Frames and videos that no run refers to ' +
      'are deleted when unused for some days. Judge answers and exported models always stay. Runs may be active ' +
      'meanwhile.',
  )
  .option('--dry-run', 'only list what would be removed')
  .option(
    '--cache-days <days>',
    'days that unreferenced frames stay after their last use',
    amount(CACHE_DAYS),
    CACHE_DAYS,
  )
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap gc --dry-run', 'lists what would be deleted, and its size'],
      ['videocap gc --cache-days 0', 'deletes all frames that no active run has used'],
    ),
  )
  .action(async ({ dryRun = false, cacheDays, json }) => {
    const installation = findInstallation();
    const session = await openSession(installation);
    try {
      const known = await knownExecutions(session.client);
      const { home } = installation;
      const storage = await openStorage(home);
      const collection = await collectGarbage({ storage, home, known, cacheDays, dryRun });
      if (json) printJson({ dryRun, ...collection });
      else print(...collectionLines(collection, dryRun));
    } finally {
      await session.close();
    }
  });

const WHAT: Record<Kind, string> = {
  runs: 'intermediate results of finished runs',
  checkpoints: 'checkpoints of finished runs',
  frames: 'frames that no run refers to',
  data: 'videos and manifests that no run refers to',
  policies: 'start weights that no run refers to',
  unfinished: 'leftovers of processes that died',
  claims: 'claims of ended runs',
};

/** What a person reads of it. */
export function collectionLines({ removed, kept, runs }: Collection, dryRun: boolean): string[] {
  const rows = KINDS.filter((kind) => removed[kind].files > 0).map((kind) => [
    WHAT[kind],
    String(removed[kind].files),
    sizeText(removed[kind].bytes),
  ]);
  const files = KINDS.reduce((sum, kind) => sum + removed[kind].files, 0);
  const bytes = KINDS.reduce((sum, kind) => sum + removed[kind].bytes, 0);
  const verb = dryRun ? 'Would remove' : 'Removed';
  return [
    ...(rows.length > 0 ? [alignedTable(['what', 'files', 'size'], rows), ''] : []),
    files === 0 ? 'Nothing to remove.' : `${verb} ${files} files, ${sizeText(bytes)}.`,
    `Kept ${kept.files} files, ${sizeText(kept.bytes)}, of ${runs.running} active, ${runs.resumable} ` +
      `resumable and ${runs.finished} finished runs.`,
  ];
}
