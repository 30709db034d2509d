export interface ProbeOptions {
  signal?: AbortSignal | undefined;
  timeoutSeconds?: number;
  /** What reading the file may take; default as `runFfmpeg` has it. */
  memoryBytes?: number;
}

/** The first moving picture of a file: cover images do not count. */
export const VIDEO_STREAM = '0:V:0';

/** How pictures are decoded: one that could only be guessed in part is not shown, and so counts as lost. */
export const STRICT = ['-err_detect:v', 'explode'];

export function given({ signal, timeoutSeconds, memoryBytes }: ProbeOptions) {
  return { ...(signal && { signal }), ...(timeoutSeconds && { timeoutSeconds }), ...(memoryBytes && { memoryBytes }) };
}
