import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Launch, launch } from '../../../../cli/servers/launch.ts';
import { endGroup, isAlive } from '../../../../cli/servers/process-identity.ts';
import type { ServiceRecord } from '../../../../cli/servers/service-state.ts';
import { refusal } from '../../../refusal.ts';

async function launching(program: string, change: Partial<Launch> = {}) {
  const log = join(await mkdtemp(join(tmpdir(), 'videocap-launch-')), 'logs', 'service.log');
  const records: ServiceRecord[] = [];
  const spec: Launch = {
    title: 'The service',
    program: process.execPath,
    args: ['-e', program],
    env: process.env,
    cwd: tmpdir(),
    log,
    isReady: async (saying) => saying.includes('ready'),
    patience: 15,
    ...change,
  };
  const started = launch(spec, async (record) => {
    records.push(record);
  });
  return { started, records, log };
}

describe('launch', () => {
  it('returns once the program answers, and keeps its log', async () => {
    const { started, records, log } = await launching("console.log('ready'); setInterval(() => {}, 1000)");
    const record = await started;
    expect(records).toEqual([record]);
    expect(isAlive(record)).toBe(true);
    await endGroup(record, 5000);
    expect(await readFile(log, 'utf8')).toMatch(/^--- The service started 20.*\nready\n$/);
  });

  it('shows the end of the log of a program that ends while starting', async () => {
    const { started, log } = await launching("console.error('no such database'); process.exit(3)");
    await expect(started).rejects.toThrow(refusal('Unavailable', 'The service ended', log, '\n  no such database'));
  });

  it('gives up on a program that does not answer, and stops it', async () => {
    const { started, records } = await launching('setInterval(() => {}, 1000)', { patience: 0.5 });
    await expect(started).rejects.toThrow(refusal('Unavailable', 'The service', '0.5 s'));
    expect(isAlive(records[0]!)).toBe(false);
  });

  it('says when there is no such program', async () => {
    const { started } = await launching('', { program: '/nowhere/temporal' });
    await expect(started).rejects.toThrow(refusal('MissingTool', 'The service', '/nowhere/temporal ENOENT'));
  });
});
