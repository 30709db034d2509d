import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as consumeText } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findInstallation, type Installation } from '../../../cli/installation.ts';
import { readState, type ServiceName } from '../../../cli/servers/service-state.ts';
import { findServices, type Running, startServices, stopServices } from '../../../cli/servers/services.ts';

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

/** Of no workflow and no queue of ours: nothing runs. */
const START = JSON.stringify({ workflowType: { name: 'none' }, taskQueue: { name: 'none' } });
const EVIL = 'http://evil.example';

/** What a web page can send without asking the server first, under any host name that leads to this machine. */
function fromWebPage(
  url: string,
  { host = new URL(url).host, method = 'POST', body = START, headers = {} as Record<string, string> } = {},
): Promise<{ status: number; text: string }> {
  const sent = { host, origin: EVIL, 'content-type': 'text/plain', ...headers };
  return new Promise((resolve, reject) => {
    request(url, { method, headers: sent }, (response) => {
      consumeText(response).then((text) => resolve({ status: response.statusCode!, text }), reject);
    })
      .on('error', reject)
      .end(method === 'GET' ? undefined : body);
  });
}

/** Where a process listens: `127.0.0.1:8233`. Temporal's HTTP API chooses its port itself. */
async function addressesOf(pid: number): Promise<string[]> {
  const sockets = await readdir(`/proc/${pid}/fd`).then((fds) =>
    Promise.all(fds.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))),
  );
  const table = (await readFile(`/proc/${pid}/net/tcp`, 'utf8')).trim().split('\n').slice(1);
  return table
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state, , , , , , inode]) => state === '0A' && sockets.includes(`socket:[${inode}]`))
    .map(([, local]) => {
      const [host, port] = local!.split(':');
      return `${[...Buffer.from(host!, 'hex')].reverse().join('.')}:${Number.parseInt(port!, 16)}`;
    });
}

const WORKFLOWS = '/api/v1/namespaces/default/workflows';
const pidOf = async (name: ServiceName) => (await readState(installation.home)).services[name]!.pid;

it('no port of Temporal starts a run for a web page', async () => {
  const addresses = await addressesOf(await pidOf('temporal'));
  expect(addresses.length).toBeGreaterThanOrEqual(3);
  for (const address of addresses)
    for (const host of [address, `localhost:${address.split(':')[1]}`, 'evil.example']) {
      const asked = fromWebPage(`http://${address}${WORKFLOWS}/stranger`, { host });
      // 0: gRPC, which is not HTTP/1. 400: the UI misses its token. 404: the server's own metrics.
      expect([0, 400, 403, 404, 405]).toContain((await asked.catch(() => ({ status: 0 }))).status);
    }
  const list = await fetch(`${running.addresses.temporalUi}${WORKFLOWS}`).then((response) => response.json());
  expect((list as { executions?: unknown[] }).executions ?? []).toEqual([]);
});

it('the UI of Temporal itself listens where no page finds it', async () => {
  for (const address of await addressesOf(await pidOf('temporal'))) {
    if (!address.startsWith('127.0.0.1:')) continue;
    const asked = fromWebPage(`http://${address}/api/v1/settings`, { method: 'GET' });
    expect([0, 403, 404]).toContain((await asked.catch(() => ({ status: 0 }))).status);
  }
  expect((await readState(installation.home)).hiddenUi!.host).not.toBe('127.0.0.1');
});

it('the UI of Temporal shows nothing to a page that has re-bound its host name to this machine', async () => {
  const { temporalUi } = running.addresses;
  const host = `evil.example:${new URL(temporalUi).port}`;
  for (const path of ['/', '/api/v1/settings', WORKFLOWS]) {
    const { status, text } = await fromWebPage(`${temporalUi}${path}`, {
      method: 'GET',
      host,
      headers: { origin: '' },
    });
    expect({ status, text }).toMatchObject({ status: 403, text: expect.stringContaining(`open ${LOCALHOST()}`) });
    expect((await fetch(`${temporalUi}${path}`)).status).toBe(200);
  }
});
const LOCALHOST = () => running.addresses.temporalUi.replace('127.0.0.1', 'localhost');

it('the UI of Temporal starts a run for its own page, and for no other', async () => {
  const { temporalUi } = running.addresses;
  const { headers } = await fetch(`${temporalUi}/api/v1/settings`);
  const [cookie, token] = /_csrf=([0-9a-f]+)/.exec(headers.get('set-cookie')!)!;
  const withToken = { cookie, 'x-csrf-token': token!, 'content-type': 'application/json' };
  const start = (id: string, host: string | undefined, origin: string) =>
    fromWebPage(`${temporalUi}${WORKFLOWS}/${id}`, { ...(host && { host }), headers: { ...withToken, origin } });
  const foreign = `evil.example:${new URL(temporalUi).port}`;
  expect((await start('by-rebinding', foreign, `http://${foreign}`)).status).toBe(403);
  expect((await start('by-name', foreign, temporalUi)).status).toBe(403);
  expect((await start('by-page', undefined, EVIL)).status).toBe(403);
  expect(await start('by-ui', undefined, temporalUi)).toMatchObject({ status: 200 });
  const found = (id: string) => fetch(`${temporalUi}${WORKFLOWS}/${id}`).then(({ status }) => status);
  expect(await Promise.all(['by-rebinding', 'by-name', 'by-page', 'by-ui'].map(found))).toEqual([404, 404, 404, 200]);
});

it('MLflow answers under names of this machine alone', async () => {
  const url = `${running.addresses.mlflow}/api/2.0/mlflow/experiments/search?max_results=1`;
  const asked = async (host: string) => (await fromWebPage(url, { host, method: 'GET' })).status;
  expect(await asked(new URL(url).host)).toBe(200);
  expect(await asked('localhost:1')).toBe(200);
  expect(await asked('evil.example')).toBe(403);
});

it('MLflow changes nothing for a page of another site', async () => {
  const url = `${running.addresses.mlflow}/api/2.0/mlflow/experiments/create`;
  const create = async (origin: string) =>
    (await fromWebPage(url, { headers: { origin, 'content-type': 'application/json' }, body: `{"name": "${origin}"}` }))
      .status;
  expect(await create(EVIL)).toBe(403);
  expect(await create(running.addresses.mlflow)).toBe(200);
});

it('servers are started without secrets; workers have them', async () => {
  const environmentOf = async (name: ServiceName) => readFile(`/proc/${await pidOf(name)}/environ`, 'utf8');
  for (const server of ['temporal', 'temporal-ui', 'mlflow'] as const)
    expect(await environmentOf(server), server).not.toContain('sk-doors');
  expect(await environmentOf('workers')).toContain('sk-doors');
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

it('a killed server starts again with its data, and the UI with its server', async () => {
  const restartAfter = async (name: ServiceName) => {
    process.kill(await pidOf(name), 'SIGKILL');
    await expect.poll(async () => (await findServices(installation))?.dead).toContain(name);
    const { addresses, started } = await startServices(installation);
    // The system may have given a free port away meanwhile.
    expect((await fetch(`${addresses.temporalUi}${WORKFLOWS}/by-ui`)).status).toBe(200);
    return started;
  };
  expect(await restartAfter('temporal-ui')).toEqual(['temporal-ui']);
  expect(await restartAfter('temporal')).toEqual(['temporal', 'temporal-ui']);
});
