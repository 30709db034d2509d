import { loadClientConnectConfig } from '@temporalio/envconfig';
import { VideocapError } from './errors.ts';
import { isHeaderValue } from './secret-variables.ts';

/** How a client or a worker reaches a Temporal server. */
export interface TemporalTarget {
  namespace: string;
  /** Takes part in `Connection.connect` and `NativeConnection.connect`. May hold an API key and a private key. */
  connection: Omit<ReturnType<typeof loadClientConnectConfig>['connectionOptions'], 'address'> & { address: string };
}

/**
 * Reads the variables of Temporal's SDKs and CLI: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`,
 * `TEMPORAL_TLS`, `TEMPORAL_TLS_SERVER_CA_CERT_PATH`, `TEMPORAL_TLS_CLIENT_CERT_PATH`, `TEMPORAL_TLS_CLIENT_KEY_PATH`,
 * `TEMPORAL_TLS_SERVER_NAME`, and a profile of a TOML file where `TEMPORAL_PROFILE` or `TEMPORAL_CONFIG_FILE` is set.
 * @throws VideocapError `InvalidConfig`, without any secret: for a file that is missing or wrong, and for a key that no
 *   request can carry.
 */
export function temporalTarget(env: NodeJS.ProcessEnv, localAddress = '127.0.0.1:7233'): TemporalTarget {
  const { namespace = 'default', connectionOptions } = loaded(env);
  const { address = localAddress, apiKey, metadata = {} } = connectionOptions;
  const key = apiKey === undefined ? {} : { apiKey: carried('TEMPORAL_API_KEY', apiKey) };
  for (const [name, value] of Object.entries(metadata))
    if (value !== '') carried(`TEMPORAL_GRPC_META_${name.toUpperCase().replaceAll('-', '_')}`, value);
  return { namespace, connection: { ...connectionOptions, ...key, address } };
}

/** A secret as requests carry it. Checked here: Temporal's client quotes a value that it refuses. */
function carried(variable: string, secret: unknown): string {
  const text = typeof secret === 'string' ? secret.trim() : '';
  if (isHeaderValue(text)) return text;
  throw new VideocapError(
    'InvalidConfig',
    `${variable} holds a line break, or a character that no request can carry; correct it.`,
  );
}

function loaded(env: NodeJS.ProcessEnv): ReturnType<typeof loadClientConnectConfig> {
  const overrideEnvVars = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
  const { TEMPORAL_PROFILE, TEMPORAL_CONFIG_FILE } = overrideEnvVars;
  // Without them, a file in the user's home would send a local run to another server.
  const disableFile = TEMPORAL_PROFILE === undefined && TEMPORAL_CONFIG_FILE === undefined;
  try {
    return loadClientConnectConfig({ overrideEnvVars, disableFile, configFileStrict: true });
  } catch (error) {
    const { message, line } = error as Error & { line?: number };
    // The lines after the first one quote the file, which may hold a key.
    const what = `${message.split('\n')[0]}${line === undefined ? '' : `, line ${line}`}`;
    throw new VideocapError(
      'InvalidConfig',
      `Temporal's settings cannot be read: ${what}; correct the TEMPORAL_ variables, or the file ` +
        'that TEMPORAL_CONFIG_FILE names.',
    );
  }
}
