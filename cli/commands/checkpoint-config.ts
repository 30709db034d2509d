import { configOf, type Overrides, readConfig } from '../../configs/load-config.ts';
import type { ExperimentConfig } from '../../configs/schema.ts';
import { configOfRun } from '../../contracts/run-config.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { VideocapError } from '../../core/errors.ts';
import { openStorage } from '../../core/open-storage.ts';
import { endpointOf } from '../../policy/endpoint-of.ts';
import { isBrokenRunCheckpoint, parseRunCheckpoint, runCheckpoint } from '../../policy/run-checkpoint.ts';
import { findInstallation } from '../installation.ts';
import { isShipped, modelOf } from './arguments.ts';

const DEFAULT = 'quickstart';

/** What `--config` is by default, for `--help`. */
export const OWN_CONFIG = `default: of run:RUN, the run's own, else ${DEFAULT}`;

/** The config that a command uses a checkpoint with. */
export interface CheckpointConfig<C extends string | undefined = string | undefined> {
  /** As typed; of `run:RUN`, with the run's key and step. `undefined`: there are captions in place of a checkpoint. */
  checkpoint: C;
  /** As the input of a run names the config: a file, a config that ships, or `run:RUN@STEP`. */
  name: string;
  /** Of a file and of one that ships, as it was read. */
  text?: string;
  config: ExperimentConfig;
  /** Whether `--config` named it. */
  named: boolean;
}

/**
 * Without `--config`, a run's checkpoint is used with the run's own config, since another prompt or output form gives
 * other captions, or none.
 * @throws VideocapError `InvalidInput` where the store of this installation has no such run or step; `InvalidConfig`.
 */
export async function checkpointConfig<C extends string | undefined>(
  checkpoint: C,
  named: string | undefined,
  overrides: Overrides,
): Promise<CheckpointConfig<C>> {
  if (checkpoint !== undefined && isBrokenRunCheckpoint(checkpoint))
    throw new VideocapError('InvalidInput', `"${checkpoint}" names no checkpoint; write run:RUN, or run:RUN@STEP.`);
  const ofRun = checkpoint === undefined ? undefined : parseRunCheckpoint(checkpoint);
  if (named === undefined && ofRun) {
    const store = new ArtifactStore(await openStorage(findInstallation().home));
    const { found, config } = await configOfRun(store, ofRun, overrides);
    const name = runCheckpoint(found);
    return { checkpoint: name as C, name, config, named: false };
  }
  const name = named ?? DEFAULT;
  const asked = { ...overrides, ...(checkpoint !== undefined && { 'policy.model': modelOf(checkpoint) }) };
  const source = await readConfig(name);
  const config = await configOf(source, asked);
  const { policy } = config;
  // Only the config says whether an endpoint serves the model, so that its name is no path.
  const served = checkpoint !== undefined && endpointOf(policy.engine) !== undefined;
  const own = served ? { ...config, policy: { ...policy, model: checkpoint } } : config;
  return { checkpoint, ...source, config: own, named: named !== undefined };
}

/**
 * A line that says which config is used, where the command line does not: for a run's checkpoint, and for a model
 * folder. Empty for a shipped model.
 * @param what what the config decides, such as `Frame options and prompt`.
 */
export function configNote({ checkpoint, name, named }: Omit<CheckpointConfig, 'config'>, what: string): string {
  if (named || checkpoint === undefined || isShipped(checkpoint)) return '';
  return checkpoint === name
    ? `  ${what} are those of the run itself, ${name}.\n`
    : `  ${what} are those of ${name}; name the experiment that trained the model with --config.\n`;
}
