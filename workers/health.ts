import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { NativeConnection, Worker } from '@temporalio/worker';
import { clipped } from '../core/clipped.ts';
import { VideocapError } from '../core/errors.ts';
import type { ListenAddress } from './listen-address.ts';

/** What a health endpoint looks at. */
export interface Observed {
  /** The worker of each task queue. */
  workers: ReadonlyMap<string, Pick<Worker, 'getState'>>;
  connection: Pick<NativeConnection, 'workflowService' | 'withDeadline'>;
}

/** Milliseconds for Temporal's answer. */
const PATIENCE = 2000;

/**
 * Serves `GET /live`: 200 while this process's event loop turns; and `GET /ready`: 200 while every queue is polled and
 * Temporal answers, otherwise 503 with what is not so. A worker that drains is alive and not ready.
 */
export async function serveHealth({ host, port }: ListenAddress, observed: Observed): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(request.url ?? '', observed).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
    });
  });
  server.listen(port, host);
  await once(server, 'listening').catch((error: Error) => {
    throw new VideocapError(
      'InvalidConfig',
      `VIDEOCAP_HEALTH cannot be served (${error.message}); set it to a free address of this host.`,
    );
  });
  // Its clients do not keep a worker that has drained alive.
  server.unref();
  return server;
}

async function answer(url: string, observed: Observed): Promise<{ status: number; body: unknown }> {
  const path = url.split('?')[0];
  if (path === '/live') return { status: 200, body: { alive: true } };
  if (path !== '/ready') return { status: 404, body: { error: 'Ask for /live or /ready.' } };
  const queues = Object.fromEntries([...observed.workers].map(([name, worker]) => [name, worker.getState()]));
  const temporal = await temporalState(observed.connection);
  const ready = temporal === 'answers' && Object.values(queues).every((state) => state === 'RUNNING');
  return { status: ready ? 200 : 503, body: { ready, temporal, queues } };
}

async function temporalState(connection: Observed['connection']): Promise<string> {
  try {
    await connection.withDeadline(Date.now() + PATIENCE, () => connection.workflowService.getSystemInfo({}));
    return 'answers';
  } catch (error) {
    return clipped((error as Error).message, 200);
  }
}
