/** What the `status` query of a sweep answers besides what every run does. */
export interface SweepStatus {
  arms: {
    arm: string;
    runs: {
      /** The workflow's id. */
      run: string;
      condition: string;
      seed: number;
      /** `resting`: it has made its steps before the next choice of the best arms. */
      state: 'waiting' | 'running' | 'resting' | 'finished' | 'stopped' | 'early' | 'failed' | 'skipped';
      reason?: string;
    }[];
    /** No run of it starts until it is resumed. */
    paused?: boolean;
  }[];
}
