import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../../../cli/doctor/check.ts';
import { ownPort } from '../own-port.ts';
import { startTemporal } from '../temporal-server.ts';
import { startApiKeyFront, startTlsFront, type TlsFront } from './tls-front.ts';

const CLI = 'cli/videocap.mjs';
let folder: string;
let temporal: TestWorkflowEnvironment;
let front: TlsFront;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-hosts-'));
  temporal = await startTemporal();
  front = await startTlsFront(temporal.address, folder);
});

afterAll(async () => {
  front?.close();
  await temporal?.teardown();
  await rm(folder, { recursive: true, force: true });
});

/** The environment of a host whose Temporal server wants TLS and a client's certificate. */
function secured(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    ...{ VIDEOCAP_HOME: join(folder, 'home'), LOG_LEVEL: 'info', VIDEOCAP_STORE: undefined },
    TEMPORAL_ADDRESS: front.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: front.authority,
    TEMPORAL_TLS_CLIENT_CERT_PATH: front.client.certificate,
    TEMPORAL_TLS_CLIENT_KEY_PATH: front.client.key,
    MLFLOW_TRACKING_URI: 'http://127.0.0.1:9',
  };
}

interface Running {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  code: Promise<number | null>;
}

function videocap(args: string[], env: NodeJS.ProcessEnv): Running {
  const child = spawn(process.execPath, [CLI, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.on('data', (chunk) => {
      said[name] += chunk;
    });
  const code = once(child, 'close').then(([status]) => status as number | null);
  return { child, stdout: () => said.stdout, stderr: () => said.stderr, code };
}

it('serves the named queues over TLS, tells its health and metrics, and drains at SIGTERM', async () => {
  const [health, metrics] = [await ownPort(), await ownPort()];
  const worker = videocap(
    [
      'worker',
      '--queues',
      'media,judge=3',
      '--health',
      `${health}`,
      '--metrics',
      `${metrics}`,
      '--memory-target',
      '0.9',
    ],
    secured(),
  );
  await expect.poll(worker.stdout, { timeout: 120_000 }).toContain('{"ready":true}');

  const ready = await fetch(`http://127.0.0.1:${health}/ready`);
  expect({ status: ready.status, body: await ready.json() }).toEqual({
    status: 200,
    body: { ready: true, temporal: 'answers', queues: { media: 'RUNNING', judge: 'RUNNING' } },
  });
  expect((await fetch(`http://127.0.0.1:${health}/live`)).status).toBe(200);
  // `//` is no URL of its own: a parser would throw, and end the worker.
  for (const path of ['/', '//', '//:0', '/live/..%00'])
    expect((await fetch(`http://127.0.0.1:${health}${path}`)).status).toBe(404);
  await expect
    .poll(async () => (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text())
    .toMatch(/^temporal_worker_task_slots_used\{[^}]*task_queue="judge",worker_type="ActivityWorker"\} 0$/m);

  const doctor = videocap(['doctor', '--queues', 'media,judge', '--json'], secured());
  expect(await doctor.code).toBe(1);
  const findings = JSON.parse(doctor.stdout()) as Finding[];
  expect(Object.fromEntries(findings.map(({ name, state }) => [name, state]))).toEqual({
    ...{
      settings: 'ok',
      Temporal: 'ok',
      search: 'ok',
      workers: 'missing',
      revision: 'ok',
      store: 'ok',
      MLflow: 'fails',
    },
    ...{ disk: 'ok', ffmpeg: 'ok', embeddings: 'missing' },
  });
  const detailOf = (name: string) => findings.find((finding) => finding.name === name)!.detail;
  expect(detailOf('Temporal')).toMatch(/^localhost:\d+, namespace default, server \S+, TLS$/);
  expect(detailOf('workers')).toBe(
    'No worker serves videocap, policy-openai, policy-onnx, policy-torch; start one with: ' +
      'videocap worker --queues videocap,policy-openai,policy-onnx,policy-torch',
  );
  expect(detailOf('MLflow')).toMatch(/^http:\/\/127\.0\.0\.1:9 does not answer as MLflow does \(.*\); correct MLFLOW_/);

  worker.child.kill('SIGTERM');
  expect(await worker.code).toBe(0);
  expect(worker.stderr()).toContain('DRAINED');
  // Logs are lines of JSON.
  for (const line of worker.stderr().trim().split('\n')) JSON.parse(line);
});

it('is refused without a client certificate, and without TLS', async () => {
  const uncertified = {
    ...secured(),
    TEMPORAL_TLS_CLIENT_CERT_PATH: undefined,
    TEMPORAL_TLS_CLIENT_KEY_PATH: undefined,
  };
  const worker = videocap(['worker', '--queues', 'judge'], uncertified);
  expect(await worker.code).toBe(1);
  expect(worker.stderr()).toContain(`No Temporal server answers at ${front.address} over TLS (`);

  const plain = { ...uncertified, TEMPORAL_TLS_SERVER_CA_CERT_PATH: undefined };
  const status = videocap(['status'], plain);
  expect(await status.code).toBe(1);
  expect(status.stderr()).toContain(`No Temporal server answers at ${front.address} without TLS (`);
});

it('gives an API key to a server that demands one, and shows it nowhere', async () => {
  const apiKey = 'tmprl-key-0f3a9c1e77';
  const keyFolder = await mkdtemp(join(folder, 'api-key-'));
  const keyed = await startApiKeyFront(temporal.address, keyFolder, apiKey);
  const withKey = (key: string) => ({
    ...process.env,
    ...{ VIDEOCAP_HOME: join(folder, 'home'), LOG_LEVEL: 'debug', MLFLOW_TRACKING_URI: 'http://127.0.0.1:9' },
    ...{ TEMPORAL_ADDRESS: keyed.address, TEMPORAL_API_KEY: key },
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: keyed.authority,
  });
  try {
    const health = await ownPort();
    const worker = videocap(['worker', '--queues', 'judge', '--health', `${health}`], withKey(apiKey));
    await expect.poll(worker.stdout, { timeout: 120_000 }).toContain('{"ready":true}');
    expect((await fetch(`http://127.0.0.1:${health}/ready`)).status).toBe(200);
    worker.child.kill('SIGTERM');
    expect(await worker.code).toBe(0);

    const refused = videocap(['worker', '--queues', 'judge'], withKey('tmprl-key-of-another'));
    expect(await refused.code).toBe(1);
    expect(refused.stderr()).toContain(`No Temporal server answers at ${keyed.address} over TLS (`);
    for (const { stdout, stderr } of [worker, refused]) expect(stdout() + stderr()).not.toContain('tmprl-key');
  } finally {
    keyed.close();
  }
});

it('names the namespace that a server lacks', async () => {
  const status = videocap(['status'], { ...secured(), TEMPORAL_NAMESPACE: 'elsewhere' });
  expect(await status.code).toBe(1);
  expect(status.stderr()).toBe(
    `The Temporal server at ${front.address} has no namespace elsewhere; create it (temporal operator namespace ` +
      'create elsewhere), or correct TEMPORAL_NAMESPACE.\n',
  );
});

it('refuses a queue that does not exist, in one line', async () => {
  const worker = videocap(['worker', '--queues', 'gpu'], secured());
  expect(await worker.code).toBe(1);
  const lines = worker.stderr().trim().split('\n');
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toMatchObject({
    msg: expect.stringMatching(/^VIDEOCAP_QUEUES names the queue "gpu"; /),
  });
});
