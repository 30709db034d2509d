import { Connection, isGrpcServiceError } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import type { TemporalTarget } from '../../core/temporal-target.ts';
import { unansweredTemporal } from '../../core/temporal-variables.ts';

const CALL_MILLISECONDS = 2000;
/** A server elsewhere answers over TLS, which takes several round trips. */
const REMOTE_MILLISECONDS = 10_000;

/** Whether a local Temporal server answers and has the namespace. */
export async function answersTemporal(address: string, namespace = 'default'): Promise<boolean> {
  return (await faultOf({ namespace, connection: { address } }, describe, CALL_MILLISECONDS)) === undefined;
}

/**
 * Makes a development server keep finished runs for a month, not for its default of a day. False while it is not up.
 */
export async function keepFinishedRuns(address: string, namespace = 'default'): Promise<boolean> {
  const config = { workflowExecutionRetentionTtl: msToTs('30 days') };
  const update: Call = (connection) => connection.workflowService.updateNamespace({ namespace, config });
  return (await faultOf({ namespace, connection: { address } }, update, CALL_MILLISECONDS)) === undefined;
}

/** Why the server that the environment names cannot be used, and the remedy; nothing where it can be. */
export async function temporalFault(target: TemporalTarget): Promise<string | undefined> {
  const error = await faultOf(target, describe, REMOTE_MILLISECONDS);
  if (error === undefined) return undefined;
  const { namespace, connection } = target;
  const at = `at ${connection.address}`;
  switch (isGrpcServiceError(error) ? error.code : undefined) {
    case STATUS.notFound:
      return (
        `The Temporal server ${at} has no namespace ${namespace}; create it (temporal operator namespace create ` +
        `${namespace}), or correct TEMPORAL_NAMESPACE.`
      );
    case STATUS.unauthenticated:
    case STATUS.permissionDenied:
      return (
        `The Temporal server ${at} refuses these credentials for namespace ${namespace}; correct TEMPORAL_API_KEY or ` +
        'the certificate of TEMPORAL_TLS_CLIENT_CERT_PATH.'
      );
    default:
      return unansweredTemporal(target, isGrpcServiceError(error) ? error.details : error.message);
  }
}

/** Of gRPC. */
const STATUS = { notFound: 5, permissionDenied: 7, unauthenticated: 16 };

type Call = (connection: Connection, namespace: string) => Promise<unknown>;
const describe: Call = (connection, namespace) => connection.workflowService.describeNamespace({ namespace });

async function faultOf({ namespace, connection: options }: TemporalTarget, call: Call, milliseconds: number) {
  try {
    const connection = await Connection.connect({ ...options, connectTimeout: milliseconds });
    await connection
      .withDeadline(Date.now() + milliseconds, () => call(connection, namespace))
      .finally(() => connection.close());
    return undefined;
  } catch (error) {
    return error as Error;
  }
}
