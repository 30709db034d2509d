import { mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readState, type ServiceState, writeState } from '../../../../cli/servers/service-state.ts';
import { refusal } from '../../../refusal.ts';

const home = () => mkdtemp(join(tmpdir(), 'videocap-state-'));

describe('services.json', () => {
  it('is empty before anything has run', async () => {
    expect(await readState(await home())).toEqual({ ports: {}, services: {} });
  });

  it('reads back what was written, and leaves nothing else behind', async () => {
    const folder = join(await home(), 'made', 'on', 'demand');
    const state: ServiceState = {
      ports: { temporal: 7233 },
      services: {
        mlflow: { pid: 7, started: 'boot:1', startedAt: '2026-11-24T12:00:00.000Z', log: '/logs/mlflow.log' },
      },
    };
    await Promise.all([writeState(folder, { ports: {}, services: {} }), writeState(folder, state)]);
    await writeState(folder, state);
    expect(await readState(folder)).toEqual(state);
    expect(await readdir(folder)).toEqual(['services.json']);
  });

  it('says what to do when it cannot be read', async () => {
    const folder = await home();
    await writeFile(join(folder, 'services.json'), '{"services":');
    await expect(readState(folder)).rejects.toThrow(refusal('InvalidInput', join(folder, 'services.json')));
  });
});
