import { setTimeout as sleep } from 'node:timers/promises';
import type { RunStatus } from '../../contracts/run-status.ts';
import { keyTrap } from '../output/key-trap.ts';
import { progressLine } from '../output/progress-view.ts';

const LOOK_MILLISECONDS = 300;
/** A run that is resumed asks the judge, or tries a stage, at once; what is still wrong shows within this time. */
const AGAIN_MILLISECONDS = 8000;

/** What became of a run that was resumed: a sentence or more, and whether it waits again. */
export interface Resumed {
  lines: string[];
  waitsAgain: boolean;
}

/**
 * Looks at a run after `resume` was sent, until it goes on, or waits again for the same or another reason.
 * @param before its status before; absent: no worker answered.
 * @param ask its status now; absent: no worker answers.
 */
export async function afterResume(
  run: string,
  before: RunStatus | undefined,
  ask: () => Promise<RunStatus | undefined>,
): Promise<Resumed> {
  const goesOn = (status: RunStatus) => [`Run ${run} continues: ${progressLine(status)}`];
  if (!before) return { lines: [unansweredSentence(run)], waitsAgain: false };
  if (!reasonOf(before) && !before.paused && before.asked !== 'pause')
    return { lines: [`Run ${run} did not wait; it goes on: ${progressLine(before)}`], waitsAgain: false };
  const deadline = Date.now() + AGAIN_MILLISECONDS;
  // A run that a user paused continues once its status is not paused. After a fault, it may wait again.
  const mayWaitAgain = reasonOf(before) !== undefined;
  let status: RunStatus | undefined = before;
  for (let left = false; ; ) {
    await sleep(LOOK_MILLISECONDS);
    status = (await ask()) ?? status;
    const reason = reasonOf(status);
    if (reason !== undefined && left) return { lines: againLines(run, reason), waitsAgain: true };
    left ||= reason === undefined && !status.paused;
    if (left && (!mayWaitAgain || status.step > before.step)) return { lines: goesOn(status), waitsAgain: false };
    if (Date.now() < deadline) continue;
    if (left) return { lines: goesOn(status), waitsAgain: false };
    // It was so quick to meet the same that no look fell in between.
    if (reason !== undefined) return { lines: againLines(run, reason), waitsAgain: true };
    return { lines: [unansweredSentence(run)], waitsAgain: false };
  }
}

/** What a run waits for that a person must repair. */
function reasonOf({ blocked, died, differs, notFinite }: RunStatus): string | undefined {
  return blocked ?? died ?? differs ?? notFinite;
}

function againLines(run: string, reason: string): string[] {
  return [`Run ${run} has tried, and waits again: ${reason}`, ...keyTrap(reason, run)];
}

/** What is said where the message waits in Temporal. */
export function unansweredSentence(run: string): string {
  return `No worker answers for run ${run}. It continues when one does; start workers with: videocap up`;
}
