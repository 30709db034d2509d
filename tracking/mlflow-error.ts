import { VideocapError } from '../core/errors.ts';

/** A request that failed, at MLflow or on the way to it. */
export class MlflowError extends Error {
  override readonly name = 'MlflowError';
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /**
   * MLflow's own code such as `RESOURCE_DOES_NOT_EXIST`; `NETWORK`, `TIMEOUT` or `NOT_MLFLOW` when it is none of
   * MLflow's.
   */
  readonly errorCode: string;
  /** The wait that the server asks for. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    failure: { status: number; errorCode: string; message: string; retryAfterSeconds?: number | undefined },
    options?: ErrorOptions,
  ) {
    super(failure.message, options);
    this.status = failure.status;
    this.errorCode = failure.errorCode;
    this.retryAfterSeconds = failure.retryAfterSeconds;
  }

  /**
   * The same request may succeed a moment later: no answer, too many requests, or an error of the server. So may one
   * that met another delivery of the same points: MLflow's database refuses the later of two that insert them at the
   * same moment, and accepts them as known when they come again.
   */
  get passing(): boolean {
    const { status } = this;
    return status === 0 || status === 408 || status === 429 || status >= 500 || /IntegrityError/.test(this.message);
  }

  /**
   * The user can fix it without changing the run: wrong credentials, or another server's address.
   */
  get fixable(): boolean {
    return this.status === 401 || this.status === 403 || this.errorCode === 'NOT_MLFLOW';
  }

  /** The experiment or run is not there, or was put into MLflow's trash. */
  get gone(): boolean {
    return this.errorCode === 'RESOURCE_DOES_NOT_EXIST' || /must be in the 'active' state/.test(this.message);
  }
}

/**
 * What an activity throws for it. Temporal retries `Unavailable` without limit: a mirror that is down loses nothing.
 * Anything else is a request that MLflow will never accept.
 */
export function asVideocapError(error: MlflowError, url: string): VideocapError {
  if (error.status === 401 || error.status === 403)
    return unavailable(
      `MLflow at ${url} refuses the credentials (${error.status}); set MLFLOW_TRACKING_TOKEN, or ` +
        'MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.',
      error,
    );
  if (error.errorCode === 'NOT_MLFLOW')
    return unavailable(`The server at ${url} is no MLflow server (${error.message}); set MLFLOW_TRACKING_URI.`, error);
  if (error.passing)
    return unavailable(`MLflow at ${url} is away (${error.message}); its records wait until it is back.`, error);
  return new VideocapError('InvalidInput', `MLflow at ${url} refused: ${error.errorCode}: ${error.message}`, {
    cause: error,
  });
}

function unavailable(message: string, cause: MlflowError): VideocapError {
  return new VideocapError('Unavailable', message, { cause });
}
