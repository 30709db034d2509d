import type { StepRecord } from '../contracts/run-results.ts';

/**
 * What shows runs to people, beside MLflow. All that it gets is in the artifact store before, and its deliveries are
 * made again after a crash: a step that it has already changes nothing. What it throws is logged, and holds up no run.
 * System metrics are in no store and go to MLflow alone.
 */
export interface Tracker {
  /** In the log. */
  readonly name: string;
  /**
   * Takes records of steps, in their order: metrics by name, at the step and the time of the record. Numbers of a
   * benchmark that came after its step's record are given as a further record of that step.
   */
  send(runKey: string, records: readonly StepRecord[]): Promise<void>;
}

/** Sends records to each tracker; what one of them throws is logged. */
export async function sendToAll(
  trackers: readonly Tracker[],
  runKey: string,
  records: readonly StepRecord[],
  log?: { warn(fields: object, message: string): void },
): Promise<void> {
  await Promise.all(
    trackers.map((tracker) =>
      tracker.send(runKey, records).catch(({ message: reason }: Error) => {
        log?.warn({ tracker: tracker.name, run: runKey, reason }, 'A tracker did not take the records of a run.');
      }),
    ),
  );
}
