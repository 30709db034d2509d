import type { ServerSettings } from '../hosts/temporal-on-postgres.ts';

/** Of one worker process, whose five workers serve workflows and the activities of four queues. */
export interface WorkerLoad {
  workflowPollers: number;
  /** Of each of four queues. */
  activityPollers: number;
  /** Executions whose state the process keeps; what falls out is replayed. Default: as in a real worker. */
  cached?: number;
}

/** Everything that a load is played with. */
export interface LoadSettings {
  server: ServerSettings;
  processes: number;
  worker: WorkerLoad;
}

/** What `docker/compose.yaml` and `videocap worker` have: the SDK's numbers, and four partitions and shards. */
export const AS_DEPLOYED: LoadSettings = {
  server: { shards: 4, connections: 20, dynamic: {}, fsync: true },
  processes: 1,
  worker: { workflowPollers: 10, activityPollers: 10 },
};

/** Settings that differ in some fields. */
export function changed(
  base: LoadSettings,
  {
    server = {},
    worker = {},
    processes = base.processes,
  }: { server?: Partial<ServerSettings>; worker?: Partial<WorkerLoad>; processes?: number },
): LoadSettings {
  return { server: { ...base.server, ...server }, processes, worker: { ...base.worker, ...worker } };
}

/** Calls that wait at the server for a task, of all processes. */
export function pollersOf({ processes, worker: { workflowPollers, activityPollers } }: LoadSettings): number {
  return processes * (workflowPollers + 4 * activityPollers);
}
