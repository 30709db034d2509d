import { isGrpcServiceError } from '@temporalio/client';

/** What a call to Temporal's server that failed says to a person; `undefined` of any other error. */
export function unansweredCall(error: unknown): string | undefined {
  const call = [error, (error as Error | undefined)?.cause].find(isGrpcServiceError);
  if (!call) return undefined;
  const why = call.details || call.message;
  return `Temporal's server did not answer: ${why}. See whether it runs: videocap status`;
}
