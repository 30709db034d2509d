import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { flood } from '../../servers/flood.ts';

export interface Call {
  method: string;
  /** Without query. */
  path: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

/**
 * What to do with the next request instead of answering it; `lost` carries it out and then cuts the line, `endless`
 * begins an answer and never ends it.
 */
export type Fault =
  | { status: number; body?: string; headers?: Record<string, string> }
  | ('drop' | 'hang' | 'lost' | 'endless');

interface StoredRun {
  info: {
    run_id: string;
    experiment_id: string;
    status: string;
    start_time: number;
    lifecycle_stage: string;
    artifact_uri: string;
  };
  data: { params: { key: string; value: string }[]; tags: { key: string; value: string }[] };
  inputs: { dataset_inputs: { dataset: { name: string } }[] };
  metrics: unknown[];
}

/**
 * As much of an MLflow server as this project talks to, in memory, with faults on demand. What real servers do is
 * tested in `test/integration/tracking`.
 */
export async function fakeMlflow({ artifactScheme = 'mlflow-artifacts:' } = {}) {
  const calls: Call[] = [];
  const faults: { match: RegExp; fault: Fault }[] = [];
  const experiments = new Map<string, { id: string; tags: { key: string; value: string }[] }>();
  const runs: StoredRun[] = [];
  const files = new Map<string, string>();

  // biome-ignore lint/suspicious/noExplicitAny: bodies are what the client sends
  const answers: Record<string, (body: any, query: URLSearchParams) => unknown> = {
    'experiments/get-by-name': (_, query) => {
      const found = experiments.get(query.get('experiment_name')!);
      if (!found) return missing('No such experiment');
      return { experiment: { experiment_id: found.id, lifecycle_stage: 'active', tags: found.tags } };
    },
    'experiments/create': ({ name, tags }) => {
      const id = String(experiments.size + 1);
      experiments.set(name, { id, tags });
      return { experiment_id: id };
    },
    'experiments/set-experiment-tag': ({ experiment_id, key, value }) => {
      const found = [...experiments.values()].find(({ id }) => id === experiment_id);
      if (!found) return missing('No such experiment');
      setTag(found.tags, key, value);
      return {};
    },
    'runs/create': ({ experiment_id, start_time, tags }) => {
      const run_id = `run${runs.length + 1}`;
      const artifact_uri = `${artifactScheme}/${experiment_id}/${run_id}/artifacts`;
      const info = { run_id, experiment_id, status: 'RUNNING', start_time, lifecycle_stage: 'active', artifact_uri };
      const run = { info, data: { params: [], tags }, inputs: { dataset_inputs: [] }, metrics: [] };
      runs.push(run);
      return { run };
    },
    'runs/get': (_, query) => withRun(query.get('run_id')!, (run) => ({ run })),
    'runs/search': ({ filter }) => {
      const key = /= '(.*)'/.exec(filter)?.[1];
      return {
        runs: runs.filter(
          ({ data, info }) => info.lifecycle_stage === 'active' && data.tags.some((tag) => tag.value === key),
        ),
      };
    },
    'runs/delete': ({ run_id }) => withRun(run_id, ({ info }) => Object.assign(info, { lifecycle_stage: 'deleted' })),
    'runs/update': ({ run_id, status }) => withRun(run_id, ({ info }) => Object.assign(info, { status })),
    'runs/set-tag': ({ run_id, key, value }) => withRun(run_id, ({ data }) => setTag(data.tags, key, value)),
    'runs/log-batch': ({ run_id, metrics, params }) =>
      withRun(run_id, (run) => {
        run.metrics.push(...metrics);
        run.data.params.push(...params);
      }),
    'runs/log-inputs': ({ run_id, datasets }) =>
      withRun(run_id, ({ inputs }) => void inputs.dataset_inputs.push(...datasets)),
  };

  function withRun(id: string, work: (run: StoredRun) => unknown): unknown {
    const run = runs.find(({ info }) => info.run_id === id);
    return run ? (work(run) ?? {}) : missing(`Run with id=${id} not found`);
  }

  const server = createServer(async (request, response) => {
    const { pathname: path, searchParams } = new URL(request.url!, 'http://fake');
    const text = await bodyOf(request);
    const body = request.method === 'PUT' ? text : text && JSON.parse(text);
    calls.push({ method: request.method!, path, headers: request.headers, body });
    const at = faults.findIndex(({ match }) => match.test(path));
    const fault = at < 0 ? undefined : faults.splice(at, 1)[0]!.fault;
    if (fault === 'hang') return;
    if (fault === 'endless') return flood(response, '{');
    if (fault === 'drop') return void request.socket.destroy();
    if (typeof fault === 'object') return send(response, fault.status, fault.body ?? '', fault.headers);
    const answer = answer_(path, body, searchParams);
    if (fault === 'lost') return void request.socket.destroy();
    // As a server of another version does.
    if (answer === undefined) return send(response, 404, 'Not Found');
    const status = isError(answer) ? 404 : 200;
    send(response, status, JSON.stringify(answer), { 'content-type': 'application/json' });
  });

  function answer_(path: string, body: unknown, query: URLSearchParams): unknown {
    const artifact = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/(.*)$/.exec(path)?.[1];
    if (artifact) return files.set(decodeURIComponent(artifact), body as string) && {};
    const call = path.replace('/api/2.0/mlflow/', '');
    return answers[call] ? (answers[call](body, query) ?? missing('Nothing there')) : undefined;
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    experiments,
    runs,
    files,
    /** The next request whose path matches meets this fault. */
    fail(match: RegExp, ...each: Fault[]) {
      faults.push(...each.map((fault) => ({ match, fault })));
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export type FakeMlflow = Awaited<ReturnType<typeof fakeMlflow>>;

function missing(message: string) {
  return { error_code: 'RESOURCE_DOES_NOT_EXIST', message };
}

function isError(answer: unknown): boolean {
  return typeof answer === 'object' && answer !== null && 'error_code' in answer;
}

function setTag(tags: { key: string; value: string }[], key: string, value: string): void {
  const tag = tags.find((each) => each.key === key);
  if (tag) tag.value = value;
  else tags.push({ key, value });
}

function send(response: ServerResponse, status: number, body: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  return text;
}
