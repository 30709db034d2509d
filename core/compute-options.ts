/** How far a computation is: `done` of `total` pieces, and what it does now. */
export interface Progress {
  done: number;
  total: number;
  what: string;
  /** What it works on now, such as `sample a`: what to look at if the process dies here. */
  on?: string;
}

/** Options of a long computation: where it reports progress, and how it learns that its caller has cancelled it. */
export interface ComputeOptions {
  progress(progress: Progress): void;
  /** Throws an `AbortError` once the caller no longer waits for the result. Called between graph runs. */
  throwIfCancelled(): void;
}

/** Reports a piece of the work as begun, and stops when the caller has cancelled it. */
export function progressOf(computation: ComputeOptions, total: number): (what: string, on?: string) => void {
  let begun = 0;
  return (what, on) => {
    computation.throwIfCancelled();
    computation.progress({ done: begun++, total, what, ...(on !== undefined && { on }) });
  };
}
