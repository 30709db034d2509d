import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { playEngineContract } from './engine-contract.ts';

const STUB = fileURLToPath(new URL('stub_engine.py', import.meta.url));

let home: string;
let environment: TestWorkflowEnvironment;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-stub-'));
  environment = await startTemporal();
});
afterAll(async () => {
  await environment?.teardown();
  await rm(home, { recursive: true, force: true });
});

test('an engine in another language keeps the engine contract', async () => {
  const folder = join(home, 'store');
  const stub = spawn(resolve('.venv/bin/python'), [STUB, environment.address, folder, join(home, 'checkpoints')]);
  const ended = endOf(stub);
  const store = new ArtifactStore(folder);
  const policy = { model: 'stub' };
  try {
    await Promise.race([ended, playEngineContract({ environment, taskQueue: 'policy-stub', store, policy })]);
  } finally {
    stub.kill();
    await ended.catch(() => undefined);
  }
});

test('150 lines are enough for it', async () => {
  const lines = (await readFile(STUB, 'utf8')).trimEnd().split('\n');
  expect(lines.length).toBeLessThanOrEqual(150);
});

/** Rejects with the process's stderr when it ends. */
function endOf(child: ChildProcess): Promise<never> {
  let stderr = '';
  child.stderr!.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((_, reject) => {
    child.once('error', reject);
    child.once('close', (code) => reject(new Error(`The stub engine ended with ${code}: ${stderr}`)));
  });
}
