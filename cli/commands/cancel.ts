import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from '@commander-js/extra-typings';
import type { WorkflowHandle } from '@temporalio/client';
import { examples } from '../output/print.ts';
import { endedRun, messageRun } from './message-run.ts';

/** A worker ends what it computes within this time; one that is away does not. */
const END_MILLISECONDS = 15_000;
const LOOK_MILLISECONDS = 300;

export const cancelCommand = new Command('cancel')
  .summary('end a run at once')
  .description(
    'Ends a run, a benchmark, an annotation or a sweep with its runs at once, without final benchmark and report; ' +
      '`stop` ends a run after its step, with both. What is stored stays: `resume` continues a run after its last ' +
      'step.',
  )
  .argument('<run>', 'as `videocap status` lists it')
  .option('--json', 'print the result as JSON')
  .addHelpText('after', examples(['videocap cancel my-run', 'then, if need be: videocap resume my-run']))
  .action((run, { json }) =>
    messageRun(run, json, async (handle) => {
      const description = await handle.describe();
      // Temporal takes a cancellation of an ended run without a word.
      if (description.status.name !== 'RUNNING') throw endedRun(description);
      await handle.cancel();
      const state = await stateSoon(handle);
      return { sentence: cancelledSentence(run, description.type, state), fields: { state } };
    }),
  );

async function stateSoon(handle: WorkflowHandle): Promise<string> {
  const deadline = Date.now() + END_MILLISECONDS;
  for (;;) {
    const { status } = await handle.describe();
    if (status.name !== 'RUNNING' || Date.now() > deadline) return status.name.toLowerCase();
    await sleep(LOOK_MILLISECONDS);
  }
}

/** What came of it. */
export function cancelledSentence(run: string, type: string, state: string): string {
  const isResumable = type === 'trainingRun' || type === 'ablationSweep';
  switch (state) {
    case 'running':
      return (
        `Run ${run} is asked to end; its workers have not done so yet. It ends when they answer (videocap up), or ` +
        `without them: temporal workflow terminate --workflow-id ${run}`
      );
    case 'cancelled':
      return `Run ${run} was cancelled${isResumable ? `; it can continue: videocap resume ${run}` : '.'}`;
    default:
      return `Run ${run} has ended meanwhile: ${state}.`;
  }
}
