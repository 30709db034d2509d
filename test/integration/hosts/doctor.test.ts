import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../../cli/doctor/check.ts';
import { naming } from '../../refusal.ts';
import { ownPort } from '../own-port.ts';

let home: string;
/** Where nothing listens. */
let closed: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-doctor-'));
  closed = `127.0.0.1:${await ownPort()}`;
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** The findings of a host all of whose services are away. */
async function doctor(queues: string, env: NodeJS.ProcessEnv): Promise<Record<string, Finding>> {
  const away = {
    ...{ VIDEOCAP_HOME: home, TEMPORAL_ADDRESS: closed, MLFLOW_TRACKING_URI: `http://${closed}` },
    ...{ AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
  };
  const stdout = await new Promise<string>((resolve) => {
    const args = ['cli/videocap.mjs', 'doctor', '--json', '--queues', queues];
    execFile(process.execPath, args, { env: { ...process.env, ...away, ...env } }, (_, text) => resolve(text));
  });
  return Object.fromEntries((JSON.parse(stdout) as Finding[]).map((finding) => [finding.name, finding]));
}

it('says of each service that it is away, and asks no more of a Temporal server that is', async () => {
  expect(await doctor('judge', { VIDEOCAP_STORE: `s3://bucket/x?endpoint=http://${closed}` })).toMatchObject({
    settings: { state: 'ok' },
    Temporal: { state: 'fails', detail: naming('No Temporal server answers', closed) },
    workers: { state: 'missing', detail: naming('Temporal does not answer') },
    store: { state: 'fails', detail: naming(`s3://bucket/x/ at http://${closed}`, 'ECONNREFUSED', 'VIDEOCAP_STORE') },
    MLflow: { state: 'fails', detail: naming(`http://${closed}`) },
  });
});

it('needs the torch engine where its queue is named, and what a wrong setting leaves to check', async () => {
  const findings = await doctor('policy-torch', { VIDEOCAP_TORCH_PYTHON: 'false', VIDEOCAP_MEMORY_TARGET: '7' });
  expect(findings).toMatchObject({
    settings: { state: 'fails', detail: naming('VIDEOCAP_MEMORY_TARGET', '7') },
    disk: { state: 'ok' },
    'torch engine': { state: 'fails', detail: naming('VIDEOCAP_TORCH_PYTHON') },
  });
  expect(findings).not.toHaveProperty('Temporal');
});
