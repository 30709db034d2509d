/** What computing code needs of whoever asked for it. */
export interface Job {
  progress(progress: Progress): void;
  /** Throws an `AbortError` once nobody waits for the result any more. Called between graph runs. */
  throwIfCancelled(): void;
}

export interface Progress {
  done: number;
  total: number;
  what: string;
}
