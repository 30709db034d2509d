import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findInstallation, type Installation } from '../../../cli/installation.ts';
import { readState } from '../../../cli/servers/service-state.ts';
import { type Running, startServices, stopServices } from '../../../cli/servers/services.ts';

/** Every character of the name means something in a URL. */
let folder: string;
let installation: Installation;
let running: Running;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-doors-'));
  installation = { ...findInstallation(), home: join(folder, 'ho me #1?mode=memory&a=%20%') };
  process.env.DOORS_API_KEY = 'sk-doors-4711';
  running = await startServices(installation);
}, 180_000);
afterAll(async () => {
  delete process.env.DOORS_API_KEY;
  await stopServices(installation);
  await rm(folder, { recursive: true, force: true });
}, 60_000);

const START = JSON.stringify({ workflowType: { name: 'trainingRun' }, taskQueue: { name: 'videocap' } });

/** What a web page can send without asking the server first, under any host name that leads to this machine. */
function fromWebPage(url: string, { host = new URL(url).host, method = 'POST', body = START } = {}): Promise<number> {
  const headers = { host, origin: 'http://evil.example', 'content-type': 'text/plain' };
  return new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    })
      .on('error', reject)
      .end(method === 'GET' ? undefined : body);
  });
}

/** Of the Temporal server's process: its HTTP API listens on a port of its own choice. */
async function portsOf(pid: number): Promise<number[]> {
  const sockets = await readdir(`/proc/${pid}/fd`).then((fds) =>
    Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))),
  );
  const table = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).trim().split('\n').slice(1);
  return table
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.includes(`socket:[${inode}]`))
    .map(([, local]) => Number.parseInt(local!.split(':')[1]!, 16));
}

const WORKFLOWS = '/api/v1/namespaces/default/workflows';

it('no port of Temporal starts a run for a web page', async () => {
  const { services } = await readState(installation.home);
  const ports = await portsOf(services.temporal!.pid);
  expect(ports.length).toBeGreaterThanOrEqual(3);
  for (const port of ports)
    for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, 'evil.example']) {
      const status = await fromWebPage(`http://127.0.0.1:${port}${WORKFLOWS}/stranger`, { host }).catch(() => 0);
      // 0: gRPC, which is not HTTP/1. 400: the UI misses its token. 404: the server's own metrics.
      expect([0, 400, 403, 404, 405]).toContain(status);
    }
  const list = await fetch(`${running.addresses.temporalUi}${WORKFLOWS}`).then((response) => response.json());
  expect((list as { executions?: unknown[] }).executions ?? []).toEqual([]);
});

it('MLflow answers under names of this machine alone', async () => {
  const url = `${running.addresses.mlflow}/api/2.0/mlflow/experiments/search?max_results=1`;
  const asked = (host: string) => fromWebPage(url, { host, method: 'GET' });
  expect(await asked(new URL(url).host)).toBe(200);
  expect(await asked('localhost:1')).toBe(200);
  expect(await asked('evil.example')).toBe(403);
});

it('servers are started without secrets; workers have them', async () => {
  const { services } = await readState(installation.home);
  const environmentOf = (pid: number) => readFile(`/proc/${pid}/environ`, 'utf8');
  expect(await environmentOf(services.temporal!.pid)).not.toContain('sk-doors');
  expect(await environmentOf(services.mlflow!.pid)).not.toContain('sk-doors');
  expect(await environmentOf(services.workers!.pid)).toContain('sk-doors');
});

it('a home with the characters of URLs in its path holds all data, and only its user may look', async () => {
  const { home } = installation;
  for (const file of ['temporal.db', 'mlflow/mlflow.db', 'services.json', 'logs/workers.log'])
    expect(existsSync(join(home, file)), file).toBe(true);
  expect(await readdir(folder)).toEqual([home.slice(folder.length + 1)]);
  const entries = await readdir(home, { recursive: true, withFileTypes: true });
  const open: string[] = [];
  for (const path of [home, ...entries.map((entry) => join(entry.parentPath, entry.name))]) {
    const { mode } = await stat(path).catch(() => ({ mode: 0 }));
    if ((mode & 0o077) !== 0) open.push(`${path} ${(mode & 0o777).toString(8)}`);
  }
  expect(open).toEqual([]);
});
