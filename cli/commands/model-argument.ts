import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findInstallation } from '../installation.ts';

/** A checkpoint as it is typed: the name of a shipped model stays a name; a folder becomes absolute, since workers run elsewhere. */
export function modelOf(checkpoint: string): string {
  const shipped = existsSync(join(findInstallation().repository, 'policy', 'models', checkpoint, 'config.json'));
  return shipped || !existsSync(checkpoint) ? checkpoint : resolve(checkpoint);
}
