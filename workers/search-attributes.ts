import { setTimeout } from 'node:timers/promises';
import type { Connection } from '@temporalio/client';
import { encodeSearchAttributeIndexedValueType } from '@temporalio/common/lib/search-attributes.js';
import { registrationCommand, SEARCH_ATTRIBUTES } from '../contracts/search-attributes.ts';
import { VideocapError } from '../core/errors.ts';

/** The part of a connection that this needs, whether a client's or a worker's. */
type Services = Pick<Connection, 'operatorService' | 'workflowService'>;

/** Until every part of the server knows what was registered: its caches refresh after some seconds. */
const KNOWN_WITHIN_MILLISECONDS = 30_000;
const AGAIN_MILLISECONDS = 200;

/**
 * Registers the search attributes that the namespace lacks. Idempotent. Without them a run would stand still: Temporal
 * refuses the whole answer of a workflow that uses an unknown one, again and again.
 * @throws VideocapError `Unavailable` with the command, where the server does not let this process do it.
 */
export async function ensureSearchAttributes(connection: Services, namespace: string): Promise<void> {
  const missing = await missingSearchAttributes(connection, namespace);
  if (missing.length === 0) return;
  const wanted = Object.values(SEARCH_ATTRIBUTES).filter(({ name }) => missing.includes(name));
  const searchAttributes = Object.fromEntries(wanted.map(({ name, type }) => [name, numberOf(type)]));
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes });
  } catch (error) {
    // Another worker may have been first.
    if ((await missingSearchAttributes(connection, namespace)).length > 0)
      throw unregistered(missing, namespace, error);
  }
  const deadline = Date.now() + KNOWN_WITHIN_MILLISECONDS;
  while (!(await areSearchable(connection, namespace))) {
    if (Date.now() > deadline) throw unregistered(missing, namespace);
    await setTimeout(AGAIN_MILLISECONDS);
  }
}

/**
 * The names of those that the namespace lacks.
 * @throws VideocapError `InvalidConfig` for one that is there with another type.
 */
export async function missingSearchAttributes({ operatorService }: Services, namespace: string): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  for (const { name, type } of Object.values(SEARCH_ATTRIBUTES)) {
    const found = customAttributes[name];
    if (found !== undefined && found !== numberOf(type))
      throw new VideocapError(
        'InvalidConfig',
        `The search attribute ${name} of namespace ${namespace} has another type than ${type}; remove it (temporal ` +
          `operator search-attribute remove --namespace ${namespace} --name ${name}), or choose another namespace.`,
      );
  }
  return Object.values(SEARCH_ATTRIBUTES).flatMap(({ name }) => (customAttributes[name] === undefined ? [name] : []));
}

/** What a person must do where these are missing. */
export function unregistered(missing: readonly string[], namespace: string, cause?: unknown): VideocapError {
  return new VideocapError(
    'Unavailable',
    `Namespace ${namespace} lacks the search attributes ${missing.join(', ')}, without which runs stand still. ` +
      `A worker registers them when it starts, if the server lets it; else: ${registrationCommand(missing, namespace)}`,
    { cause },
  );
}

async function areSearchable({ workflowService }: Services, namespace: string): Promise<boolean> {
  const query = Object.values(SEARCH_ATTRIBUTES)
    .map(({ name }) => `\`${name}\` IS NULL`)
    .join(' AND ');
  return workflowService.countWorkflowExecutions({ namespace, query }).then(
    () => true,
    () => false,
  );
}

function numberOf(type: (typeof SEARCH_ATTRIBUTES)[keyof typeof SEARCH_ATTRIBUTES]['type']): number {
  return encodeSearchAttributeIndexedValueType(type)!;
}
