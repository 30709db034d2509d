import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WorkflowHandle } from '@temporalio/client';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunStatus } from '../../../contracts/run-status.ts';
import { startWorker, type WorkerProcess } from '../../chaos/worker-process.ts';
import type { Fault } from '../../servers/openai-faults.ts';
import { spoilt, status, unauthorized } from '../../servers/openai-faults.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { startTemporal } from '../temporal-server.ts';
import { type MlflowServer, startMlflow } from '../tracking/mlflow-server.ts';

/** Secrets that must be found nowhere, in no spelling. */
const JUDGE_KEY = 'sk-canary-judge-7f3a9c';
const MLFLOW_PASSWORD = 'canary-mlflow-51d2e8';
const SPELLINGS = [JUDGE_KEY, MLFLOW_PASSWORD].flatMap((secret) => [
  secret,
  Buffer.from(secret).toString('base64').replace(/=+$/, '').slice(0, -1),
  Buffer.from(`me:${secret}`).toString('base64').replace(/=+$/, '').slice(0, -1),
  Buffer.from(secret).toString('hex'),
]);
const secretsIn = (text: string) => SPELLINGS.filter((secret) => text.includes(secret));

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let judge: OpenAiServer;
let worker: WorkerProcess;
let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-canary-'));
  [temporal, mlflow, judge] = await Promise.all([startTemporal(), startMlflow(), startOpenAiServer()]);
  worker = await startWorker({
    temporalAddress: temporal.address,
    mlflowUrl: mlflow.url.replace('://', `://me:${MLFLOW_PASSWORD}@`),
    home,
    env: { CANARY_KEY: JUDGE_KEY, LOG_LEVEL: 'trace', DEBUG: '*', OPENAI_LOG: 'debug' },
  });
}, 180_000);
afterAll(async () => {
  await worker?.kill();
  await judge?.close();
  await temporal?.teardown();
  await mlflow?.remove();
  await rm(home, { recursive: true, force: true });
});

const overrides = () => ({
  'algorithm.steps': 1,
  'algorithm.samplesPerStep': 1,
  'sampling.groupSize': 2,
  'sampling.maxNewTokens': 48,
  'benchmark.maxNewTokens': 48,
  'dataset.trainSamples': 2,
  'dataset.heldOutSamples': 2,
  'reward.think.similarity': 'token-f1',
  'judge.kind': 'llm',
  'judge.model': 'm',
  'judge.apiKeyEnv': 'CANARY_KEY',
  'judge.baseUrl': judge.baseUrl,
});

/** An error whose every word is the key. */
const keyInEveryWord: Fault = (response, request, answer) =>
  status(500, { code: JUDGE_KEY, type: JUDGE_KEY, param: JUDGE_KEY }, { 'x-request-id': JUDGE_KEY })(
    response,
    request,
    answer,
  );

const keyInTheAnswer = spoilt((answer) => `${answer} Asked with ${JUDGE_KEY}.`);

/**
 * All that Temporal keeps of a run: events with payloads decoded, memo, pending activities with their last failures.
 */
async function everything(run: WorkflowHandle): Promise<string> {
  return spelledOut([await run.fetchHistory(), (await run.describe()).raw]);
}

/** As JSON, with payloads as the text they hold. */
function spelledOut(value: unknown): string {
  return JSON.stringify(value, (key, inner) =>
    key === 'data' && typeof inner === 'string' ? Buffer.from(inner, 'base64').toString('utf8') : inner,
  ).replaceAll('\\"', '"');
}

const filesWithSecrets = (folder: string) => filesWith(SPELLINGS, folder);

async function filesWith(texts: string | string[], folder: string): Promise<{ found: string[]; looked: number }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const found: string[] = [];
  for (const file of files) {
    const bytes = await readFile(file);
    if ([texts].flat().some((text) => bytes.includes(text) || file.includes(text))) found.push(file);
  }
  return { found, looked: files.length };
}

describe('keys and passwords', () => {
  it('are in no history, log, report, artifact or MLflow table, even when the endpoint repeats them', async () => {
    // All repeat the request with its Authorization header. Twelve are more than the judge sits out by itself. Then the
    // key is refused until the run waits for a person: of two questions at once, one may meet the fault before that.
    const refused = Array<Fault>(40).fill(unauthorized);
    judge.failNext(status(500), ...Array<Fault>(12).fill(keyInEveryWord), keyInTheAnswer, ...refused);
    const run = await temporal.client.workflow.start('trainingRun', {
      ...{ taskQueue: 'videocap', workflowId: 'canary' },
      args: [{ config: 'quickstart', overrides: overrides() }],
    });
    const blocked = () =>
      run.query<RunStatus>('status').then(
        ({ blocked }) => blocked ?? '',
        () => '',
      );
    await expect.poll(blocked, { timeout: 60_000 }).toMatch(/refuses the key .* CANARY_KEY/);
    expect(secretsIn(await everything(run))).toEqual([]);
    judge.forgive();
    await run.signal('resume');
    await run.result();

    const history = await everything(run);
    // What is looked at is really there to be seen.
    for (const text of ['"judge.model":"m"', 'refuses the key in', 'eventF1'])
      expect(history.includes(text), text).toBe(true);
    expect(judge.requests.at(-1)!.authorization).toBe(`Bearer ${JUDGE_KEY}`);
    expect(worker.log()).toMatch(/"ready":true/);
    expect(secretsIn(history)).toEqual([]);
    expect(secretsIn(worker.log())).toEqual([]);
    expect(await filesWith('Asked with ***.', join(home, 'store/ledger'))).toMatchObject({
      found: [expect.anything()],
    });
    for (const folder of [home, mlflow.folder]) {
      const { found, looked } = await filesWithSecrets(folder);
      expect(found).toEqual([]);
      expect(looked).toBeGreaterThan(5);
    }
  }, 180_000);

  it('are not let in by way of the URL: nothing is started, and nothing repeats them', async () => {
    const url = judge.baseUrl.replace('://', `://me:${JUDGE_KEY}@`);
    const sets = Object.entries({ ...overrides(), 'judge.baseUrl': url }).flatMap(([key, value]) => [
      '--set',
      `${key}=${value}`,
    ]);
    const env = { ...process.env, TEMPORAL_ADDRESS: temporal.address, VIDEOCAP_HOME: home };
    const refused = promisify(execFile)(
      process.execPath,
      ['cli/videocap.mjs', 'run', 'quickstart', '--detach', ...sets],
      { env },
    );
    const { stdout, stderr } = await refused.catch((error: { stdout: string; stderr: string }) => error);
    expect(stderr).toMatch(/judge\.baseUrl is "http:\/\/\*\*\*@127\.0\.0\.1.*set a URL without user name, password/);
    expect(secretsIn(stdout + stderr)).toEqual([]);
    const ids: string[] = [];
    for await (const { workflowId } of temporal.client.workflow.list()) ids.push(workflowId);
    expect(ids).toEqual(['canary']);
  });
});
