import { VideocapError } from '../../core/errors.ts';

/**
 * What is wrong with an endpoint or an account.
 *
 * - `unavailable`: it passes by itself, and the question is asked again.
 * - `blocked`: it stays until a person has followed `remedy` and resumes the run.
 */
export type JudgeFault = {
  /** What is wrong and where, without a full stop. */
  sentence: string;
  /** The endpoint's status and codes, where it answered: `status 401, code invalid_api_key`. */
  details?: string;
} & (
  | {
      kind: 'unavailable';
      retryAfterMilliseconds?: number;
      /** If the endpoint answers other questions meanwhile, it is this one that it fails at. */
      perhapsOneQuestion?: true;
      /** The endpoint asks all its clients for fewer requests. */
      fewerRequests?: true;
    }
  | { kind: 'blocked'; remedy: string }
);

/** A fault that passes. */
export type Passing = Extract<JudgeFault, { kind: 'unavailable' }>;

/**
 * A `JudgeFault` thrown: `Unavailable` or `JudgeBlocked`. Its message is composed here alone; `fault` keeps the parts.
 */
export class JudgeError extends VideocapError {
  readonly fault: JudgeFault;

  constructor(fault: JudgeFault, options?: ErrorOptions) {
    const { kind } = fault;
    const whatNext = kind === 'blocked' ? ', then `videocap resume`.' : '. It will be asked again.';
    super(kind === 'blocked' ? 'JudgeBlocked' : 'Unavailable', `${faultText(fault)}${whatNext}`, {
      ...options,
      ...(kind === 'unavailable' &&
        fault.retryAfterMilliseconds !== undefined && { retryAfterMilliseconds: fault.retryAfterMilliseconds }),
    });
    this.fault = fault;
  }
}

/** A fault for people who have no run to resume, without a full stop. */
export function faultText(fault: JudgeFault): string {
  return fault.kind === 'blocked' ? `${problemOf(fault)}: ${fault.remedy}` : problemOf(fault);
}

/** What is wrong, with the endpoint's own codes. */
export function problemOf({ sentence, details }: JudgeFault): string {
  return details === undefined ? sentence : `${sentence} (${details})`;
}
