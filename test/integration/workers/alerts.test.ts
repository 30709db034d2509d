import { getEventListeners } from 'node:events';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Alert } from '../../../workers/alerts/alert.ts';
import { watchAlerts } from '../../../workers/alerts/watch-alerts.ts';
import { naming } from '../../refusal.ts';
import { ScriptedWorld } from '../cli/scripted-world.ts';

let world: ScriptedWorld;
beforeAll(async () => {
  world = await ScriptedWorld.start();
});
afterAll(() => world?.end());

/** A receiver of webhooks that fails as often as a test wants. */
class Receiver {
  readonly got: { alert: Alert; headers: IncomingHttpHeaders }[] = [];
  failures = 0;
  #server!: Server;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        this.got.push({ alert: JSON.parse(body) as Alert, headers: request.headers });
        response.writeHead(this.failures-- > 0 ? 500 : 204).end();
      });
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/secret-path`;
  }

  of(run: string): Alert[] {
    return this.got.filter(({ alert }) => alert.run === run).map(({ alert }) => alert);
  }

  end(): void {
    this.#server.close();
  }
}

/** It has told Temporal that it trains. */
const TRAINS = 'WorkflowId = "goes-on" AND VideocapPhase = "training"';

let receiver: Receiver;
let warned: string[];
const watches: AbortController[] = [];
beforeEach(async () => {
  receiver = new Receiver();
  warned = [];
  await rules(`webhooks: [{ urlEnv: HOOK, headers: { authorization: HOOK_TOKEN } }]`);
});
afterEach(() => {
  for (const watch of watches.splice(0)) watch.abort();
  receiver.end();
});

async function rules(yaml: string): Promise<void> {
  await writeFile(join(world.home, 'alerts.yaml'), yaml);
}

async function watching(): Promise<AbortController> {
  const env = { HOOK: await receiver.start(), HOOK_TOKEN: 'Bearer hook-secret', OTHER_API_KEY: 'other-secret' };
  return watchAgain(env);
}

function watchAgain(env: NodeJS.ProcessEnv): AbortController {
  const watch = new AbortController();
  watches.push(watch);
  const log = { warn: (fields: object, message: string) => warned.push(`${message} ${JSON.stringify(fields)}`) };
  const { client } = world.environment;
  const path = { PATH: process.env.PATH };
  void watchAlerts({ client, home: world.home, log, signal: watch.signal, seconds: 0.2, env: { ...path, ...env } });
  return watch;
}

describe('alerts', () => {
  it('tell a webhook that a run was paused and has finished, each once, with an id and the secret header', async () => {
    await watching();
    world.hold('told', 1);
    const handle = await world.start('told', 2);
    await handle.signal('pause');
    world.release('told');
    await expect.poll(() => receiver.of('told').map(({ event }) => event)).toEqual(['paused']);
    await handle.signal('resume');
    await handle.result();
    await expect.poll(() => receiver.of('told').map(({ event }) => event)).toEqual(['paused', 'finished']);
    const [paused, finished] = receiver.of('told');
    expect(paused!.text).toEqual(naming('told', 'paused after step', 'videocap resume told'));
    expect(new Set([paused!.id, finished!.id]).size).toBe(2);
    const { headers, alert } = receiver.got.find((one) => one.alert.run === 'told')!;
    expect(headers).toMatchObject({ authorization: 'Bearer hook-secret', 'idempotency-key': alert.id });
  });

  it('tell why a run failed, also one that a user terminated', async () => {
    await watching();
    await world.environment.client.workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: 'misnamed', args: [{ config: 'no-such-config' }] },
    });
    const alone = { taskQueue: 'no-worker-here', workflowId: 'ended-by-hand', args: [{}] };
    await (await world.environment.client.workflow.start('trainingRun', alone)).terminate('out of money');
    await expect
      .poll(() => receiver.of('misnamed'))
      .toMatchObject([{ event: 'failed', text: naming('no-such-config') }]);
    await expect
      .poll(() => receiver.of('ended-by-hand'))
      .toMatchObject([{ event: 'failed', text: naming('terminated', 'out of money') }]);
  });

  it('are sent again where the receiver fails, under the same id, and the run goes on meanwhile', async () => {
    receiver.failures = 2;
    await watching();
    const handle = await world.start('insisted', 1);
    expect(await handle.result()).toMatchObject({ steps: 1 });
    await expect.poll(() => receiver.of('insisted').length).toBe(3);
    expect(new Set(receiver.of('insisted').map(({ id }) => id)).size).toBe(1);
    expect(warned.join()).toEqual(naming('webhook 1', 'insisted', 'status 500'));
    expect(warned.join()).not.toContain('secret');
  });

  it('were delivered for good: a worker that starts again sends no more of them', async () => {
    const watch = await watching();
    await (await world.start('once', 1)).result();
    await expect.poll(() => receiver.of('once').length).toBe(1);
    await expect
      .poll(() => readFile(join(world.home, 'alerts-sent.json'), 'utf8'))
      .toContain(receiver.of('once')[0]!.id);
    watch.abort();
    const env = { HOOK: 'http://127.0.0.1:1/', HOOK_TOKEN: 'x' };
    watchAgain(env);
    await (await world.start('later', 1)).result();
    await expect.poll(() => warned.join()).toContain('later');
    expect(warned.join()).not.toContain('once');
  });

  it('cost a run that goes on no question, and one that failed no second one', async () => {
    const { client } = world.environment;
    const asked: string[] = [];
    const { getHandle } = client.workflow;
    const spy = vi.spyOn(client.workflow, 'getHandle').mockImplementation((workflowId, runId) => {
      asked.push(workflowId);
      return getHandle.call(client.workflow, workflowId, runId);
    });
    try {
      const watch = await watching();
      world.hold('goes-on', 1);
      const handle = await world.start('goes-on', 2);
      const alone = { taskQueue: 'no-worker-here', workflowId: 'failed-once', args: [{}] };
      await (await client.workflow.start('trainingRun', alone)).terminate('a test');
      await expect.poll(() => receiver.of('failed-once').length).toBe(1);
      await expect.poll(async () => (await client.workflow.count(TRAINS)).count).toBe(1);
      const rounds = 5;
      const list = vi.spyOn(client.workflow, 'list');
      asked.length = 0;
      await expect.poll(() => list.mock.calls.length).toBeGreaterThan(2 * rounds);
      expect(asked).toEqual([]);
      // Nothing of a round stays with the watch, which lasts as long as its worker.
      expect(getEventListeners(watch.signal, 'abort').length).toBeLessThan(3);
      world.release('goes-on');
      await handle.result();
    } finally {
      spy.mockRestore();
    }
  });

  it('go to a command, as JSON on its input, without the secrets of the worker', async () => {
    const out = join(world.home, 'told.txt');
    const script = join(world.home, 'notify.sh');
    await writeFile(script, `#!/bin/sh\n{ cat; env; } >> ${out}\n`);
    await chmod(script, 0o700);
    await rules(JSON.stringify({ commands: [{ command: [script], on: ['finished'] }] }));
    await watching();
    await (await world.start('commanded', 1)).result();
    await expect.poll(() => readFile(out, 'utf8').catch(() => '')).toMatch(/"run":"commanded".*PATH=/s);
    const text = await readFile(out, 'utf8');
    expect(text).toContain('"run":"commanded"');
    expect(text).not.toContain('other-secret');
  });

  it('need a file that can be read: a wrong one is named once, and no run notices', async () => {
    await rules('webhooks: [{ url: "ftp://x" }]');
    await watching();
    expect(await (await world.start('unheard', 1)).result()).toMatchObject({ steps: 1 });
    await expect.poll(() => warned.join()).toEqual(naming('alerts.yaml', 'webhooks.0.url'));
    expect(warned).toHaveLength(1);
  });
});
