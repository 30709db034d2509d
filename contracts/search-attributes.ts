/**
 * By what Temporal finds runs: its search attributes, which the UI shows as columns and filters. Temporal must know
 * them before a run uses one; workers register them when they start (`workers/search-attributes.ts`).
 */
export const SEARCH_ATTRIBUTES = {
  /** `grpo`, `sft`, ... of a training run; `benchmark`, `annotation`, `sweep` of the other types. */
  method: { name: 'VideocapMethod', type: 'KEYWORD' },
  /** Of a sweep's run. */
  arm: { name: 'VideocapArm', type: 'KEYWORD' },
  /** The sweep's key in the store: of the sweep and of its runs. */
  sweep: { name: 'VideocapSweep', type: 'KEYWORD' },
  /** See `RunPhase`. */
  phase: { name: 'VideocapPhase', type: 'KEYWORD' },
  /** Steps that are done; of a sweep, runs that have ended. */
  step: { name: 'VideocapStep', type: 'INT' },
  /** Mean reward of the last step. */
  reward: { name: 'VideocapReward', type: 'DOUBLE' },
  /** Whether it waits for a person. */
  paused: { name: 'VideocapPaused', type: 'BOOL' },
  /** What a failed run says, in a sentence of at most `LONGEST_KEYWORD` characters. */
  failedWhy: { name: 'VideocapFailedWhy', type: 'KEYWORD' },
} as const;

/** Temporal's databases keep 255 characters of a keyword. */
export const LONGEST_KEYWORD = 250;

/** What a run is busy with, coarsely: a change of it costs an event of the history. */
export type RunPhase =
  | 'starting'
  | 'preparing'
  | 'training'
  | 'benchmark'
  | 'report'
  | 'finished'
  | 'ended early'
  | 'stopped'
  | 'cancelled'
  | 'failed';

/** Values of a run's search attributes; `null` removes one that was there. */
export interface RunAttributes {
  method?: string | null;
  arm?: string | null;
  sweep?: string | null;
  phase?: RunPhase | null;
  step?: number | null;
  reward?: number | null;
  paused?: boolean | null;
  failedWhy?: string | null;
}

/** The commands that register them, for a server whose permissions the workers lack. */
export function registrationCommand(names: readonly string[], namespace: string): string {
  const wanted = Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => names.includes(name));
  const pairs = wanted.map(({ name, type }) => `--name ${name} --type ${TITLES[type]}`).join(' ');
  return `temporal operator search-attribute create --namespace ${namespace} ${pairs}`;
}

/** As Temporal's command line names the types. */
const TITLES = { KEYWORD: 'Keyword', INT: 'Int', DOUBLE: 'Double', BOOL: 'Bool' } as const;
