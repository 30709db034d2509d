import { sha256 } from '../../core/sha256.ts';
import type { AlertEvent } from './alert-rules.ts';

/** What is posted to a webhook, and written to a command's standard input. */
export interface Alert {
  /** The same for every delivery of the same event: a receiver that has it already ignores it. */
  id: string;
  event: AlertEvent;
  /** The workflow's id. */
  run: string;
  /** `trainingRun`, `ablationSweep`, `benchmarkRun`, `datasetAnnotation`. */
  kind: string;
  /** For people. */
  text: string;
  /** ISO 8601: when it ended, or when the pause was noticed. */
  time: string;
  /** The run's page in the Temporal UI, if known. */
  link?: string;
}

/** @param what tells one event of a run from the others: an execution, and of a pause its step and reason. */
export function alertId(...what: readonly (string | number)[]): string {
  return sha256(JSON.stringify(what)).slice(0, 32);
}
