import { ActivityFailure, ApplicationFailure, TimeoutFailure, workflowInfo } from '@temporalio/workflow';
import { type EarlierActivity, type HeldBy, WEIGHTS_ELSEWHERE } from '../contracts/held-by.ts';

/** The worker that has this run's weights loaded. Of this workflow: each execution has its own modules. */
let holder: HeldBy | undefined;
/** A stage whose outcome says who has the weights. */
let leading = false;

export function weightsHolder(): HeldBy | undefined {
  return holder;
}

/** Takes over from the execution that this one continues. */
export function holdWeights(by: HeldBy | undefined): void {
  holder = by;
}

type Call = (...args: unknown[]) => Promise<unknown>;

/**
 * Activities that are asked for first at the worker which made the stage before, and has the weights loaded; where it
 * is busy, dead or of another revision, at any. A stage that is wanted beside another one is asked for at any worker,
 * and does not change which one has the weights.
 * @param any by the queue that every worker of the engine serves. @param at by the queue of one of them.
 */
export function nearWeights<A extends object>(any: A, at: (queue: string) => A): A {
  return new Proxy(any, {
    get(target, name) {
      const anywhere = Reflect.get(target, name) as Call;
      return (input: unknown) => {
        if (leading) return anywhere(input);
        leading = true;
        const queue = holderOfThisRevision()?.queue;
        const outcome =
          queue === undefined ? anywhere(input) : nearby(Reflect.get(at(queue), name) as Call, anywhere, input);
        // Not awaited: the caller continues at the same moment of the history as without this note.
        outcome.then(note, () => {
          leading = false;
        });
        return outcome;
      };
    },
  });
}

async function nearby(there: Call, anywhere: Call, input: unknown): Promise<unknown> {
  try {
    return await there(input);
  } catch (error) {
    const earlier = sentOn(error);
    if (!earlier) throw error;
    return anywhere(input, earlier);
  }
}

function note(outcome: unknown): void {
  leading = false;
  holder = (outcome as { heldBy?: HeldBy } | undefined)?.heldBy;
}

/** A worker of another revision may not take what this one's workflows ask. */
function holderOfThisRevision(): HeldBy | undefined {
  const { deploymentName, buildId } = workflowInfo().currentDeploymentVersion ?? {};
  // Temporal's SDK names a build without a deployment where workers have no versions.
  return holder?.buildId === (deploymentName ? buildId : undefined) ? holder : undefined;
}

/** What the next activity must know of one that its worker did not make; of other failures nothing. */
function sentOn(error: unknown): EarlierActivity | undefined {
  if (!(error instanceof ActivityFailure)) return undefined;
  const { cause, activityId = '' } = error;
  if (cause instanceof ApplicationFailure && cause.type === WEIGHTS_ELSEWHERE)
    return { activity: activityId, trace: cause.details?.[0] };
  if (!(cause instanceof TimeoutFailure) || cause.timeoutType !== 'SCHEDULE_TO_START') return undefined;
  return { activity: activityId, trace: cause.lastHeartbeatDetails };
}
