import type { ActivityInboundCallsInterceptor } from '@temporalio/worker';
import { MlflowError } from '../../tracking/mlflow-error.ts';
import type { SystemSample } from '../../tracking/system-metrics.ts';
import type { Counters } from './counters.ts';
import type { Levels } from './levels.ts';
import { metricsOf } from './metrics-of.ts';

export interface MonitorParts {
  node: string;
  counters(): Counters;
  levels(): Promise<Levels>;
  /** What it throws is dropped: the next sample comes soon. */
  send(runKey: string, sample: SystemSample): Promise<void>;
  log?: { debug(fields: object, message: string): void };
}

/** Samples the machine for the runs that this worker serves. */
export class SystemMonitor {
  readonly #parts: MonitorParts;
  readonly #first: Counters;
  #before: Counters;
  /** How many activities of each run are in progress; 0: the last one has ended since the sample before. */
  readonly #served = new Map<string, number>();
  #isSampling = false;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    this.#first = parts.counters();
    this.#before = this.#first;
  }

  /** Around every activity: most of those that score and record end between two samples. */
  readonly interceptor: ActivityInboundCallsInterceptor = {
    execute: async (input, next) => {
      const { runKey } = (input.args[0] ?? {}) as { runKey?: unknown };
      if (typeof runKey !== 'string') return next(input);
      this.#count(runKey, 1);
      try {
        return await next(input);
      } finally {
        this.#count(runKey, -1);
      }
    },
  };

  /**
   * Sends a sample to the run of each activity since the sample before; nothing while that one is still being sent.
   * Throws nothing.
   */
  async sample(): Promise<void> {
    if (this.#isSampling) return;
    this.#isSampling = true;
    try {
      const [before, now] = [this.#before, this.#parts.counters()];
      this.#before = now;
      const runs = [...this.#served.keys()];
      for (const [runKey, inProgress] of this.#served) if (inProgress === 0) this.#served.delete(runKey);
      if (runs.length === 0) return;
      const time = Date.now();
      const levels = await this.#parts.levels();
      const metrics = metricsOf({ now, before, first: this.#first, levels });
      await this.#sendTo(runs, { node: this.#parts.node, time, metrics });
    } catch (error) {
      this.#drop(error as Error);
    } finally {
      this.#isSampling = false;
    }
  }

  async #sendTo(runs: readonly string[], sample: SystemSample): Promise<void> {
    for (const runKey of runs) {
      try {
        await this.#parts.send(runKey, sample);
      } catch (error) {
        this.#drop(error as Error, runKey);
        // MLflow is away: each further run would wait as long for nothing.
        if (error instanceof MlflowError && error.passing) return;
      }
    }
  }

  #drop({ message: reason }: Error, run?: string): void {
    this.#parts.log?.debug({ ...(run !== undefined && { run }), reason }, 'A sample of system metrics was dropped.');
  }

  #count(runKey: string, change: 1 | -1): void {
    this.#served.set(runKey, (this.#served.get(runKey) ?? 0) + change);
  }
}
