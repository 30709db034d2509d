import { readFile } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { RunStarted } from '../contracts/run-started.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { machineIdentity } from '../core/machine.ts';
import { keyOf } from '../core/store-layout.ts';
import { gitCommit } from '../tracking/git-commit.ts';

/** What is known of a start before the worker adds itself. */
type Start = Pick<RunStarted, 'config' | 'overrides' | 'fork'> & { base: () => Promise<unknown> };

/**
 * Stores what a run was started with. The first attempt counts.
 * @param start.base the config without the changes, or a rejection where it is none.
 */
export async function noteStart(
  store: ArtifactStore,
  runKey: string,
  { base, config, overrides, fork }: Start,
): Promise<void> {
  await store.putJsonOnce(keyOf('started', { runKey }), async () => {
    const keys = Object.keys(overrides);
    const named = keys.length > 0 ? await base().catch(() => undefined) : undefined;
    const before = keys.map((key) => [key, at(named, key)] as const).filter(([, value]) => value !== undefined);
    return RunStarted.parse({
      ...{ time: Date.now(), config, overrides, ...(fork && { fork }) },
      named: Object.fromEntries(before),
      commit: await gitCommit(),
      versions: { 'videocap-r1': await ownVersion(), node: process.versions.node },
      machine: {
        ...(await machineIdentity()),
        cores: `${availableParallelism()}`,
        memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
      },
    });
  });
}

/** The value of a dotted key. */
function at(config: unknown, key: string): unknown {
  return key
    .split('.')
    .reduce<unknown>(
      (value, name) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, name)
          ? (value as Record<string, unknown>)[name]
          : undefined,
      config,
    );
}

async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
