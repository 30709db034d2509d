import { Gate } from './gate.ts';

/**
 * Where a workflow waits for a person when an activity ends its worker's process again and again: another attempt would
 * only end another process. Of this workflow: each execution has its own modules.
 */
export const crashGate = new Gate('worker died', 'WorkerDied');

/** The same, where a checkpoint that is made again from its recipe has other weights than it had. */
export const replayGate = new Gate('replay differs', 'ReplayDiffers');

/** The same activities, whose calls go through the gates. */
export function gated<A extends object>(activities: A): A {
  return new Proxy(activities, {
    get(target, name) {
      const call = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => crashGate.through(() => replayGate.through(() => call(...args)));
    },
  });
}
