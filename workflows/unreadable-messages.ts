import { defaultPayloadConverter } from '@temporalio/common';
import type { ActivateInput, WorkflowInterceptors } from '@temporalio/workflow';

/** The signal that stands for one that cannot be read: no run knows it, so that it is ignored with a warning. */
const UNREADABLE = 'unreadable';
/** Temporal's own signals. */
const RESERVED = '__temporal_';

type Payloads = NonNullable<Parameters<typeof readable>[0]>;
interface Jobs {
  initializeWorkflow?: { arguments?: Payloads | null } | null;
  signalWorkflow?: { signalName?: string | null; input?: Payloads | null } | null;
}

/**
 * Any program can send a run bytes that are no JSON, or an input in an encoding that this worker lacks. The SDK would
 * fail the workflow task for it, again and again, so that the run stands still for ever. Here such a signal becomes one
 * that runs ignore with a warning, and such an input one that they refuse.
 */
export function interceptors(): WorkflowInterceptors {
  return {
    internals: [
      {
        activate(input: ActivateInput, next) {
          for (const job of (input.activation.jobs ?? []) as Jobs[]) repair(job);
          next(input);
        },
      },
    ],
  };
}

function repair({ signalWorkflow: signal, initializeWorkflow: start }: Jobs): void {
  if (signal && (signal.signalName?.startsWith(RESERVED) || !readable(signal.input))) {
    signal.signalName = `${UNREADABLE} ${signal.signalName}`;
    signal.input = [];
  }
  if (start && !readable(start.arguments))
    start.arguments = [defaultPayloadConverter.toPayload('bytes that are no JSON') as Payloads[number]];
}

function readable(payloads: Parameters<typeof defaultPayloadConverter.fromPayload>[0][] | null | undefined): boolean {
  try {
    for (const payload of payloads ?? []) defaultPayloadConverter.fromPayload(payload);
    return true;
  } catch {
    return false;
  }
}
