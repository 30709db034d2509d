import type { Tracking } from '../contracts/tracking.ts';
import { clipped } from '../core/clipped.ts';
import { LONGEST_TAG } from './log-batches.ts';
import type { MlflowClient, MlflowRun, Tag } from './mlflow-client.ts';
import { asVideocapError, MlflowError } from './mlflow-error.ts';

/** Credentials that a person must correct. */
const REFUSED = new Set([401, 403]);

export interface Log {
  warn(fields: object, message: string): void;
}

/** What every activity does with a run of MLflow. */
export function runAccess(client: MlflowClient, log?: Log) {
  /** Does something with a run, unless it was deleted. */
  async function withRun({ mlflowRunId }: Tracking, work: (run: MlflowRun) => Promise<void>): Promise<void> {
    await translated(async () => {
      try {
        const run = await client.run(mlflowRunId);
        if (!run.deleted) return await work(run);
      } catch (error) {
        if (!(error instanceof MlflowError && error.gone)) throw error;
      }
      log?.warn({ mlflowRunId }, 'The run was deleted in MLflow; nothing is mirrored to it.');
    });
  }

  async function translated<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw error instanceof MlflowError ? asVideocapError(error, client.url) : error;
    }
  }

  /** Sends those that MLflow does not have yet. */
  async function setTags(run: MlflowRun, tags: readonly Tag[]): Promise<void> {
    for (const { key, value } of tags) {
      const short = clipped(value, LONGEST_TAG);
      if (run.tags.get(key) !== short) await client.setTag(run.runId, key, short);
    }
  }

  /** Sends what not every server takes: one of an older version, or without a registry, is left without it. */
  async function ifTaken(what: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof MlflowError) || error.passing || REFUSED.has(error.status)) throw error;
      log?.warn({ reason: error.message }, `${what} are not mirrored, since MLflow does not take them.`);
    }
  }

  return { withRun, translated, setTags, ifTaken };
}
