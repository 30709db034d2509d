/** What the `status` query of a sweep answers besides what every run does. */
export interface SweepStatus {
  arms: {
    arm: string;
    runs: {
      /** The workflow's id. */
      run: string;
      condition: string;
      seed: number;
      state: 'waiting' | 'running' | 'finished' | 'stopped' | 'failed' | 'skipped';
      reason?: string;
    }[];
    /** No run of it starts until it is resumed. */
    paused?: boolean;
  }[];
}
