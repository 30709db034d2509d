import { VideocapError } from '../core/errors.ts';
import { ENGINE_KINDS } from '../policy/engines.ts';

/** The task queue of endpoints that write captions. No engine computes there. */
export const CAPTIONER_QUEUE = 'policy-openai';

/** How many activities of a queue a worker runs at once. An engine computes one thing at a time. */
const AT_ONCE: Record<string, number> = {
  videocap: 8,
  media: 4,
  judge: 8,
  [CAPTIONER_QUEUE]: 8,
  ...Object.fromEntries(ENGINE_KINDS.map((kind) => [`policy-${kind}`, 1])),
};

/** Every task queue that a worker of this project can serve. */
export const QUEUES: readonly string[] = Object.keys(AT_ONCE);

/** The queues that a worker serves, each with the number of activities that it runs at once. */
export type ServedQueues = ReadonlyMap<string, number>;

/**
 * Reads `VIDEOCAP_QUEUES`, such as `media,judge=16`: names of queues, each with the number of activities at once where
 * it is not the usual one. All queues where the text is empty.
 * @throws VideocapError `InvalidConfig`.
 */
export function parseQueues(text: string | undefined): ServedQueues {
  const names = (text ?? '').split(',').filter((part) => part.trim() !== '');
  if (names.length === 0) return new Map(Object.entries(AT_ONCE));
  const served = new Map(
    names.map((part): [string, number] => {
      const [name = '', ...rest] = part.split('=').map((word) => word.trim());
      const usual = Object.hasOwn(AT_ONCE, name) ? AT_ONCE[name] : undefined;
      if (usual === undefined)
        throw new VideocapError(
          'InvalidConfig',
          `VIDEOCAP_QUEUES names the queue "${name}"; set it to some of ${QUEUES.join(', ')}.`,
        );
      if (rest.length === 0) return [name, usual];
      const atOnce = Number(rest.join('='));
      if (!Number.isInteger(atOnce) || atOnce < 1 || atOnce > 1000)
        throw new VideocapError(
          'InvalidConfig',
          `VIDEOCAP_QUEUES has "${part.trim()}"; set a whole number of activities from 1 to 1000, such as ` +
            `${name}=${usual}.`,
        );
      if (isEngineQueue(name) && atOnce !== 1)
        throw new VideocapError(
          'InvalidConfig',
          `VIDEOCAP_QUEUES has "${part.trim()}", but an engine computes one thing at a time; set ${name} alone, and ` +
            'start more workers.',
        );
      return [name, atOnce];
    }),
  );
  if (served.size < names.length)
    throw new VideocapError('InvalidConfig', `VIDEOCAP_QUEUES is "${text}"; name each queue once.`);
  return served;
}

/** Whether an engine of this project computes what the queue carries. */
export function isEngineQueue(name: string): boolean {
  return engineOf(name) !== undefined;
}

/** The engine that a queue belongs to. */
export function engineOf(name: string): (typeof ENGINE_KINDS)[number] | undefined {
  return ENGINE_KINDS.find((kind) => name === `policy-${kind}`);
}
