import { z } from 'zod';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { unlessDamaged } from '../core/errors.ts';
import { Identity } from '../core/identity.ts';
import { keyOf } from '../core/store-layout.ts';

/** What a run was started with, stored once, when it began: a report says it, and nothing is computed from it. */
export const RunStarted = z.strictObject({
  /** Milliseconds since the epoch, by the worker's clock. */
  time: z.int().nonnegative(),
  /** A config's name or path, or `run:RUN@STEP`. */
  config: z.string(),
  /** By dotted key: what differs from the named config, or from the config of the run that it was forked from. */
  overrides: z.record(z.string(), z.unknown()),
  /** Of a fork. */
  fork: z.strictObject({ run: z.string(), step: z.int().nonnegative() }).optional(),
  /** What the config has where the overrides change it; absent keys are not in it. */
  named: z.record(z.string(), z.unknown()),
  /** Of the worker's code, where that is a git checkout. */
  commit: z.string().optional(),
  /** Of the worker that began the run: `videocap-r1`, `node`. */
  versions: z.record(z.string(), z.string()),
  /** The machine of that worker. */
  machine: Identity,
});
export type RunStarted = z.infer<typeof RunStarted>;

/** What a run was started with; `undefined` where the store does not have it whole. */
export async function readStarted(store: ArtifactStore, runKey: string): Promise<RunStarted | undefined> {
  return unlessDamaged(
    store.find(keyOf('started', { runKey })).then(async (ref) => ref && (await store.readJson(ref, RunStarted))),
  );
}

/** The command that starts the same run again. */
export function startCommand({ config, overrides, fork }: RunStarted): string {
  const what = fork ? `fork ${quoted(fork.run)} --at-step ${fork.step}` : `run ${quoted(config)}`;
  const changes = Object.entries(overrides).map(
    ([key, value]) => ` --set ${quoted(`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)}`,
  );
  return `videocap ${what}${changes.join('')}`;
}

/** As a POSIX shell reads it as one word. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
