import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Evaluation } from '../../contracts/run-results.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { hang } from '../servers/openai-faults.ts';
import { type OpenAiServer, startOpenAiServer } from '../servers/openai-server.ts';
import { seesShapes } from '../servers/sees-shapes.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

const SCENES = 8;
/** Clips that are captioned before the worker dies, and those that it is waiting for then. */
const BEFORE = 3;
const AT_ONCE = 2;

let temporal: TestWorkflowEnvironment;
let home: string;
let endpoint: OpenAiServer;
let isHolding = true;
let answered = 0;
let worker: WorkerProcess | undefined;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-captioner-'));
  endpoint = await startOpenAiServer((question, request) =>
    isHolding && ++answered > BEFORE ? hang : seesShapes(question, request),
  );
  temporal = await startTemporal();
}, 180_000);
afterAll(async () => {
  await worker?.kill();
  await Promise.all([temporal?.teardown(), endpoint?.close()]);
  await rm(home, { recursive: true, force: true });
});

const newWorker = () =>
  startWorker({
    temporalAddress: temporal.address,
    mlflowUrl: 'http://127.0.0.1:9',
    home,
    env: { CAPTIONER_KEY: 'sk' },
  });

it('a worker that is killed while clips are captioned: no caption that has come is asked for again', async () => {
  worker = await newWorker();
  const overrides = {
    'policy.engine.baseUrl': endpoint.baseUrl,
    'policy.engine.apiKeyEnv': 'CAPTIONER_KEY',
    'policy.engine.concurrency': AT_ONCE,
    ...{ dataset: { kind: 'shapes', trainSamples: 2, heldOutSamples: SCENES }, judge: { kind: 'rule-based' } },
    ...{ frames: { count: 8, minPixels: 12544, maxPixels: 12544 }, 'reward.think.similarity': 'token-f1' },
  };
  const args = [{ config: 'bench-api', checkpoint: 'eyes-7b', overrides }];
  const run = await temporal.client.workflow.start('benchmarkRun', { taskQueue: 'videocap', workflowId: 'b', args });
  // A clip keeps its turn until its caption is stored: when the last two are asked for, the first three are stored.
  await expect.poll(() => endpoint.requests.length, { timeout: 90_000, interval: 50 }).toBe(BEFORE + AT_ONCE);
  await worker.kill();
  isHolding = false;
  worker = await newWorker();
  const { metrics } = (await run.result()) as Evaluation;
  console.info(`${endpoint.requests.length} requests for ${SCENES} clips, event F1 ${metrics.eventF1?.toFixed(1)}`);
  expect(metrics).toMatchObject({ clips: SCENES });
  expect(metrics.eventF1).toBeGreaterThan(50);
  expect(endpoint.account()).toMatchObject({
    ...{ questions: SCENES, answered: SCENES, duplicates: 0, unanswered: 0 },
    asked: SCENES + AT_ONCE,
  });
}, 240_000);
