import type { TunerHolder, WorkerOptions } from '@temporalio/worker';
import { isEngineQueue } from './queues.ts';

/** How much a queue's worker takes on: a fixed number, or fewer while the machine's memory is short. */
export function limitsOf(
  taskQueue: string,
  atOnce: number,
  memoryTarget: number | undefined,
): Pick<WorkerOptions, 'tuner' | 'maxConcurrentActivityTaskExecutions'> {
  if (memoryTarget === undefined || isEngineQueue(taskQueue)) return { maxConcurrentActivityTaskExecutions: atOnce };
  const tunerOptions = { targetMemoryUsage: memoryTarget, targetCpuUsage: 1 };
  return { tuner: tunerOf({ type: 'resource-based', tunerOptions, minimumSlots: 1, maximumSlots: atOnce }) };
}

/** Workers run no local activities and no Nexus operations. */
export function tunerOf(activityTaskSlotSupplier: TunerHolder['activityTaskSlotSupplier']): TunerHolder {
  return {
    workflowTaskSlotSupplier: { type: 'fixed-size', numSlots: 40 },
    activityTaskSlotSupplier,
    localActivityTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
    nexusTaskSlotSupplier: { type: 'fixed-size', numSlots: 1 },
  };
}
