import { loadClientConnectConfig } from '@temporalio/envconfig';
import { VideocapError } from './errors.ts';

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
 * @throws VideocapError `InvalidConfig` for a file that is missing or wrong.
 */
export function temporalTarget(env: NodeJS.ProcessEnv, localAddress = '127.0.0.1:7233'): TemporalTarget {
  const { namespace = 'default', connectionOptions } = loaded(env);
  return { namespace, connection: { ...connectionOptions, address: connectionOptions.address ?? localAddress } };
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
    throw new VideocapError(
      'InvalidConfig',
      `Temporal's settings cannot be read: ${(error as Error).message}; correct the TEMPORAL_ variables, or the file ` +
        'that TEMPORAL_CONFIG_FILE names.',
    );
  }
}
