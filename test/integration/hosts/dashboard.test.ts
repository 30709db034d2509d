import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorker, type WorkerProcess } from '../../chaos/worker-process.ts';
import { type OpenAiServer, startOpenAiServer, status } from '../../servers/openai-server.ts';
import { tellsEvent } from '../../servers/tells-event.ts';
import { ownPort } from '../own-port.ts';
import { startTemporal } from '../temporal-server.ts';
import { missing, type Series, selectorsOf, seriesOf } from './prometheus.ts';

interface Dashboard {
  panels: { title: string; targets?: { expr: string }[] }[];
}

let temporal: TestWorkflowEnvironment;
let worker: WorkerProcess;
let judge: OpenAiServer;
let home: string;
let scrape: Series[];

/** A short run, one of whose stages fails and is tried again, and a run that fails; then what Prometheus would see. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-dashboard-'));
  const [ofServer, ofWorker] = [await ownPort(), await ownPort()];
  // The server's numbers of what waits are a minute old by default.
  const oftener = ['--dynamic-config-value', 'matching.updateAckInterval="1s"'];
  temporal = await startTemporal('--metrics-port', `${ofServer}`, ...oftener);
  judge = await startOpenAiServer(tellsEvent);
  judge.failNext(...Array.from({ length: 3 }, () => status(503)));
  const env = {
    ...{ VIDEOCAP_METRICS: `${ofWorker}`, VIDEOCAP_QUEUES: 'videocap,media,judge,policy-onnx', KEY: 'sk-none' },
  };
  const dataset = join(home, 'captions.jsonl');
  await writeFile(dataset, '{"video": "1.mp4", "caption": "A dog barks."}\n');
  const section = { kind: 'llm', provider: 'openai', model: 'm', baseUrl: judge.baseUrl, apiKeyEnv: 'KEY' };
  const run = (workflowId: string, input: object) =>
    temporal.client.workflow.execute('datasetAnnotation', {
      ...{ taskQueue: 'videocap', workflowId },
      args: [{ dataset, output: join(home, 'annotated.jsonl'), config: 'quickstart', ...input }],
    });
  // Tasks that no worker takes yet.
  const waiting = run('annotates', { overrides: { judge: section } });
  worker = await startWorker({ temporalAddress: temporal.address, mlflowUrl: 'http://127.0.0.1:9', home, env });
  await waiting;
  await expect(run('fails', {})).rejects.toThrow();
  const texts = await Promise.all(
    [ofServer, ofWorker].map(async (port) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
  );
  scrape = texts.flatMap(seriesOf);
}, 300_000);
afterAll(async () => {
  await worker?.kill();
  await judge?.close();
  await temporal?.teardown();
  await rm(home, { recursive: true, force: true });
});

const faultsOf = (expression: string) => selectorsOf(expression).flatMap((selector) => missing(selector, scrape) ?? []);

it('every panel of the dashboard reads metrics and labels that a worker or the server has', async () => {
  const { panels } = JSON.parse(await readFile('docs/dashboard.json', 'utf8')) as Dashboard;
  const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
  expect(expressions.length).toBeGreaterThan(panels.length / 2);
  const faults = expressions.flatMap((expression) => faultsOf(expression).map((fault) => `${expression}: ${fault}`));
  expect(faults).toEqual([]);
});

it('so does every alert of the guide', async () => {
  const guide = await readFile('docs/deploy.md', 'utf8');
  const [, section = ''] = /\n## Monitoring\n([\s\S]*?)\n## /.exec(guide) ?? [];
  const rows = [...section.matchAll(/^\| `([^`]+)`/gm)].map(([, expression]) => expression!.replaceAll('\\|', '|'));
  expect(rows.length).toBeGreaterThan(3);
  // `up` is Prometheus' own.
  const faults = rows.flatMap((expression) => faultsOf(expression)).filter((fault) => fault !== 'no metric up');
  expect(faults).toEqual([]);
});

it('finds what is not there', () => {
  expect(faultsOf('sum by (queue) (rate(temporal_nothing_total[5m]))')).toEqual(['no metric temporal_nothing_total']);
  expect(faultsOf('sum by (queue) (temporal_worker_task_slots_used)')).toEqual([
    'temporal_worker_task_slots_used has no label queue',
  ]);
  expect(faultsOf('temporal_worker_task_slots_used{task_queue="gpu"} > 0')).toHaveLength(1);
});
