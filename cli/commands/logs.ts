import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from '@commander-js/extra-typings';
import { ignoreMissing } from '../../core/durable-file.ts';
import { VideocapError } from '../../core/errors.ts';
import { findInstallation } from '../installation.ts';
import { isAbout, logLine } from '../output/log-line.ts';
import { LogTail } from '../output/log-tail.ts';
import { examples, print, printNote } from '../output/print.ts';
import { SERVICE_NAMES } from '../servers/service-state.ts';
import { wholeNumber } from './arguments.ts';

const LINES = 50;
const LOOK_MILLISECONDS = 500;
/** Of a log's end: a run's lines are looked for in these. */
const MOST_BYTES = 64 * 2 ** 20;

export const logsCommand = new Command('logs')
  .summary('show the log of a service, or what it says of a run')
  .description(
    'Shows the end of the log of a local service, or the lines of the workers’ log that are about a run. Workers ' +
      'write what fails and what they wait for; how a run goes is in `videocap status` and in the Temporal UI. ' +
      'Workers that another program started have their log where that puts it.',
  )
  .argument('[what]', `${SERVICE_NAMES.join(', ')}, or a run`, 'workers')
  .option('--lines <n>', 'how many lines', wholeNumber(1, LINES), LINES)
  .option('--follow', 'wait for more lines, until Ctrl-C')
  .addHelpText(
    'after',
    examples(
      ['videocap logs', 'of the workers'],
      ['videocap logs my-run --follow', 'what fails in a run, as it comes'],
      ['videocap logs mlflow --lines 200', 'of MLflow'],
    ),
  )
  .action(async (what, { lines: count, follow }) => {
    const { home } = findInstallation();
    const service = SERVICE_NAMES.find((name) => name === what);
    const path = join(home, 'logs', `${service ?? 'workers'}.log`);
    const size = (await stat(path).catch(ignoreMissing))?.size;
    if (size === undefined)
      throw new VideocapError(
        'InvalidInput',
        `There is no log ${path}: the services of this folder have not run; start them with: videocap up`,
      );
    const isWanted = (line: string) => service !== undefined || isAbout(line, what);
    const log = new LogTail(path, Math.max(0, size - MOST_BYTES));
    const found = (await log.more()).filter(isWanted).slice(-count);
    if (found.length > 0) print(...found.map(logLine));
    else if (service === undefined) printNote(`${withoutLines(what)}\n`);
    while (follow) {
      await sleep(LOOK_MILLISECONDS);
      const fresh = (await log.more()).filter(isWanted);
      if (fresh.length > 0) print(...fresh.map(logLine));
    }
  });

/** What is said of a run that no line is about. */
export function withoutLines(run: string): string {
  return (
    `The workers' log has no line about run ${run}: they write what fails. How it goes: videocap status ${run}. ` +
    `Other logs: ${SERVICE_NAMES.join(', ')}.`
  );
}
