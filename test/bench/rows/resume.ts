import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { temporal } from '@temporalio/proto';
import type { Row } from '../row.ts';
import { BenchWorld } from '../world.ts';

const STEPS = 6;
/** The run's worker dies while a step is computed after so many are recorded. */
const RECORDED = 3;
const LOOK_MILLISECONDS = 50;
const STARTED = 'were running';

/** What a run computes again after its worker has died. */
export const resume: Row = {
  name: 'resume',
  title: 'resume: activities made again',
  unit: 'activities',
  work:
    `A run of ${STEPS} steps of 4 x 8 completions whose worker is killed after step ${RECORDED} and replaced: how ` +
    'many activities begin a second time.',
  goals: [
    {
      text: 'only those that were running',
      isMet: ({ own, peers }) => {
        const running = peers.find(({ name }) => name.startsWith(STARTED));
        return running && 'median' in running ? own.median <= running.median : undefined;
      },
    },
  ],
  minutes: 4,
  repeats: 3,
  async open() {
    const world = await BenchWorld.start();
    let running = 0;
    let made = 0;
    return {
      async own() {
        const handle = await world.begin({
          ...{ 'algorithm.steps': STEPS, 'algorithm.samplesPerStep': 4, 'dataset.trainSamples': 4 * STEPS },
          ...{ 'dataset.heldOutSamples': 2, 'benchmark.everySteps': STEPS, 'checkpoints.keepEvery': STEPS },
        });
        running = await untilComputing(handle);
        await world.replaceWorker();
        await handle.result();
        const { events } = await handle.fetchHistory();
        const started = events!.flatMap(({ activityTaskStartedEventAttributes: one }) => (one ? [one] : []));
        made = started.length;
        return started.filter(({ attempt }) => (attempt ?? 1) > 1).length;
      },
      peers: [
        { name: `${STARTED} when the worker died`, run: async () => running, derived: true },
        { name: 'the run has', run: async () => made, derived: true },
      ],
      close: () => world.stop(),
    };
  },
};

/** Waits until the run computes after `RECORDED` steps. @returns how many of its activities run then. */
async function untilComputing(handle: WorkflowHandle): Promise<number> {
  for (;;) {
    const { events } = await handle.fetchHistory();
    const { raw } = await handle.describe();
    const pending = (raw.pendingActivities ?? []).filter(isStarted);
    const computes = pending.some(({ activityType }) => activityType?.name === 'updatePolicy');
    if (computes && recorded(events ?? []) >= RECORDED) return pending.length;
    await sleep(LOOK_MILLISECONDS);
  }
}

/** `PENDING_ACTIVITY_STATE_STARTED` */
function isStarted({ state }: temporal.api.workflow.v1.IPendingActivityInfo): boolean {
  return Number(state) === 2;
}

function recorded(events: readonly temporal.api.history.v1.IHistoryEvent[]): number {
  const names = events.map(({ activityTaskScheduledEventAttributes: one }) => one?.activityType?.name);
  return names.filter((name) => name === 'recordStep').length - 1; // that of the first benchmark
}
