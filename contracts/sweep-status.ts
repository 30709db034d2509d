/** What a sweep says of one of its runs. */
export interface SweepRunStatus {
  /** The workflow's id, which is its key in the store. */
  run: string;
  condition: string;
  seed: number;
  /** `resting`: it has made its steps before the next choice of the best arms. */
  state: 'waiting' | 'running' | 'resting' | 'finished' | 'stopped' | 'early' | 'failed' | 'skipped';
  reason?: string;
}

/** What the `status` query of a sweep answers besides what every run does. */
export interface SweepStatus {
  arms: {
    arm: string;
    runs: SweepRunStatus[];
    /** No run of it starts until it is resumed. */
    paused?: boolean;
  }[];
}

/** Whether a run comes to no other state, unless a user resumes the sweep. */
export function hasEnded(state: SweepRunStatus['state']): state is EndState {
  return !['waiting', 'running', 'resting'].includes(state);
}

export type EndState = Exclude<SweepRunStatus['state'], 'waiting' | 'running' | 'resting'>;
