import { VideocapError } from '../../core/errors.ts';

/** The judge cannot be asked now. Trying again helps, after as long as the endpoint asked for, if it said so. */
export class JudgeUnavailable extends VideocapError {
  readonly retryAfterMilliseconds: number | undefined;

  constructor(message: string, retryAfterMilliseconds?: number) {
    super('Unavailable', message);
    this.retryAfterMilliseconds = retryAfterMilliseconds;
  }
}
