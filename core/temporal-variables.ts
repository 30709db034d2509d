import { clipped } from './clipped.ts';
import type { TemporalTarget } from './temporal-target.ts';

/** Apart from `temporal-target.ts`: commands that use local servers do not load Temporal's reader of settings. */

/** Whether the environment names a Temporal server, which then serves in place of the local one. */
export function namesTemporal(env: NodeJS.ProcessEnv): boolean {
  return ['TEMPORAL_ADDRESS', 'TEMPORAL_PROFILE', 'TEMPORAL_CONFIG_FILE'].some((name) => env[name]);
}

/** An environment for programs that use the local server: no other server's address, keys or certificates. */
export function withoutTemporalVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^TEMPORAL_(?!UI_URL$)/.test(name)));
}

/** What is wrong, and the remedy, where a named server does not answer. */
export function unansweredTemporal({ connection: { address, tls } }: TemporalTarget, reason: string): string {
  return (
    `No Temporal server answers at ${address} ${tls ? 'over TLS' : 'without TLS'} (${clipped(reason, 300)}); correct ` +
    'TEMPORAL_ADDRESS, or TEMPORAL_API_KEY, TEMPORAL_TLS and its certificates, or unset them to use local servers.'
  );
}
