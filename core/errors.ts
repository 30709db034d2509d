/**
 * The project's one error type. `code` says what kind of thing went wrong and decides whether trying again can help;
 * `message` is one sentence with the field, the value and the remedy.
 */
export type ErrorCode =
  /** The user's config, dataset, video or model is wrong: trying again cannot help. */
  | 'InvalidInput'
  | 'InvalidConfig'
  | 'InvalidDataset'
  | 'InvalidVideo'
  | 'InvalidModel'
  /** The policy's numbers are no longer finite: a run pauses, and its config or its checkpoint must be another. */
  | 'Diverged'
  /** Something stored does not hash to what was recorded. */
  | 'CorruptArtifact'
  /** Two different contents were offered for one write-once key. */
  | 'ArtifactConflict'
  /** A tool or service that is needed is missing or does not answer. */
  | 'MissingTool'
  /**
   * The judge, a captioner or a custom reward needs a person: a key, quota, budget, endpoint or file must be repaired.
   * Runs pause until `resume`.
   */
  | 'JudgeBlocked'
  /** What a rollout server answers cannot be trained on: other weights than it was given, another prompt. */
  | 'RolloutRefused'
  /** Another attempt has taken over this work: this one may store nothing more. */
  | 'Superseded'
  /** A computation made no progress: it was ended, and is tried again. */
  | 'Stuck'
  /** What a stage or a run takes or gives is larger than Temporal carries. */
  | 'TooLarge'
  /** The worker's process died in this work again and again: a run pauses until `resume`. */
  | 'WorkerDied'
  /** An update that was made again from its recipe ended in other numbers: a run pauses until `resume`. */
  | 'ReplayDiffers'
  /** A fault that passes by itself: tried again. */
  | 'Unavailable';

const RETRYABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['Unavailable', 'Superseded', 'Stuck']);

export class VideocapError extends Error {
  override readonly name = 'VideocapError';
  readonly code: ErrorCode;
  /** When the service that refused asked to be called again. */
  readonly retryAfterMilliseconds: number | undefined;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { retryAfterMilliseconds?: number }) {
    super(message, options);
    this.code = code;
    this.retryAfterMilliseconds = options?.retryAfterMilliseconds;
  }

  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** A thread that computed has ended by itself, such as for want of memory: tried again, as after a process's death. */
export class ThreadDied extends VideocapError {
  constructor(message: string) {
    super('Unavailable', message);
  }
}

/** The result of a read, or undefined if the artifact is damaged or missing. @param tell receives the error. */
export async function unlessDamaged<T>(
  reading: Promise<T>,
  tell: (error: VideocapError) => void = () => {},
): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof VideocapError && error.code === 'CorruptArtifact')) throw error;
    tell(error);
    return undefined;
  }
}
