/** How long computations may hold the process before they let timers and messages run. */
const TURN_MILLISECONDS = 50;

let since = 0;
let waiting: Promise<void> | undefined;

/** Whether a long computation should await `nextTurn` now. */
export function turnIsOver(): boolean {
  return performance.now() - since > TURN_MILLISECONDS;
}

/**
 * Lets timers and messages run where the turn is over, heartbeats among them: computations of seconds await this
 * between their parts. However many wait, they share a turn.
 */
export async function nextTurn(): Promise<void> {
  while (turnIsOver()) await begun();
}

function begun(): Promise<void> {
  waiting ??= new Promise((resolve) =>
    setImmediate(() => {
      since = performance.now();
      waiting = undefined;
      resolve();
    }),
  );
  return waiting;
}
