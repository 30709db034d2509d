import { clipped } from '../../core/clipped.ts';
import type { ListedRun } from '../run/list-runs.ts';
import { progressLine } from './progress-view.ts';
import { alignedTable } from './result-table.ts';
import { sweepLine, type WatchedSweep } from './sweep-view.ts';

/** Characters of a reason that a row has room for; `videocap status RUN` has all of it. */
const LONGEST_CELL = 100;

/** The table of all runs. */
export function runLines(runs: readonly ListedRun[], filter: readonly string[]): string[] {
  if (runs.length === 0)
    return [
      filter.length === 0
        ? 'No runs yet; start one with: videocap run quickstart'
        : `No run has ${filter.map((word) => `"${word}"`).join(' and ')} in its name, kind, state or tags; ` +
          'videocap status lists all.',
    ];
  const rows = runs.map((run) => [
    ...[run.workflowId, run.type, run.started.slice(0, 19).replace('T', ' '), stateOf(run), becameOf(run)],
  ]);
  return alignedTable(['run', 'kind', 'started (UTC)', 'state', 'progress or result'], rows, 'left').split('\n');
}

function lineOf(status: WatchedSweep): string {
  return status.sweep ? sweepLine(status) : progressLine(status);
}

function stateOf({ state, status }: ListedRun): string {
  if (!status) return state;
  const waits = [status.blocked, status.died, status.differs, status.notFinite].some((why) => why !== undefined);
  return waits ? 'waits for you' : status.paused ? 'paused' : state;
}

/** What a run has come to, in one line. */
function becameOf({ status, unanswered, end, result, reason, note, tags = [] }: ListedRun): string {
  const labels = [...tags.map((tag) => `#${tag}`), ...(note === undefined ? [] : [note])].join(' ');
  const became = unanswered
    ? 'no worker answers'
    : status
      ? lineOf(status)
      : [end, result, reason?.split('\n')[0]].filter(Boolean).join('   ');
  return [clipped(became, LONGEST_CELL), clipped(labels, LONGEST_CELL)].filter(Boolean).join('   ');
}
