import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { WrittenAnnotations } from '../../contracts/annotation.ts';
import { startWorker, type WorkerProcess } from '../chaos/worker-process.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { startOpenAiServer } from '../servers/openai-server.ts';
import { RateLimitedJudge } from '../servers/rate-limited-judge.ts';
import { tellsEvent } from '../servers/tells-event.ts';

/** What the endpoint allows in any minute. */
const LIMIT = 120;
const RUNS = 4;

let temporal: TestWorkflowEnvironment;
let home: string;
const workers: WorkerProcess[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-limits-'));
  temporal = await startTemporal();
  await serve('videocap,media');
});
afterEach(() => Promise.all(workers.splice(1).map((worker) => worker.kill())));
afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await temporal?.teardown();
  await rm(home, { recursive: true, force: true });
});

async function serve(queues: string, more: NodeJS.ProcessEnv = {}): Promise<void> {
  const env = { VIDEOCAP_QUEUES: queues, KEY: 'sk-none', ...more };
  workers.push(await startWorker({ temporalAddress: temporal.address, mlflowUrl: 'http://127.0.0.1:9', home, env }));
}

/** Four runs that ask so many questions each, of two workers in processes of their own, each able to do two at once. */
async function annotate(name: string, questions: number, env: NodeJS.ProcessEnv) {
  const judge = new RateLimitedJudge(LIMIT, tellsEvent);
  const server = await startOpenAiServer(judge.answer, { latencyMilliseconds: 200 });
  await Promise.all([1, 2].map(() => serve('judge=2', env)));
  try {
    const written = await Promise.all(
      Array.from({ length: RUNS }, async (_, i) => {
        const dataset = join(home, `${name}-${i}.jsonl`);
        const output = join(home, `${name}-${i}-annotated.jsonl`);
        const lines = Array.from({ length: questions }, (_, k) =>
          JSON.stringify({ video: `${i}-${k}.mp4`, caption: `Dog ${i} meets cat ${k}.` }),
        );
        await writeFile(dataset, `${lines.join('\n')}\n`);
        const section = { kind: 'llm', provider: 'openai', model: 'm', baseUrl: server.baseUrl, apiKeyEnv: 'KEY' };
        // So many at a time that a run's questions are one batch: between two of them nothing is asked.
        const overrides = { judge: { ...section, requestsPerMinute: LIMIT, concurrency: 16 } };
        const result = await temporal.client.workflow.execute<() => Promise<WrittenAnnotations>>('datasetAnnotation', {
          ...{ taskQueue: 'videocap', workflowId: `${name}-${i}` },
          args: [{ dataset, output, make: ['events'], config: 'quickstart', overrides }] as never,
        });
        const made = (await readFile(output, 'utf8')).trim().split('\n');
        expect(made.map((line) => JSON.parse(line).events)).toEqual(lines.map((_, k) => [`dog ${i} meets cat ${k}`]));
        return result;
      }),
    );
    return { judge, written, account: server.account() };
  } finally {
    await server.close();
  }
}

it('two workers that know of each other keep to the limit together, and come near it', async () => {
  const { judge, written, account } = await annotate('shared', 45, { VIDEOCAP_JUDGE_WORKERS: '2' });
  expect(written.map(({ samples }) => samples)).toEqual(Array(RUNS).fill(expect.objectContaining({ unscorable: 0 })));
  expect(account).toMatchObject({ questions: 45 * RUNS, answered: 45 * RUNS, duplicates: 0, unanswered: 0 });
  console.info(`most in a minute ${judge.mostPerMinute}, in the middle one ${judge.minuteFrom(5000)}, of ${LIMIT}`);
  expect(judge.refused).toBe(0);
  expect(judge.mostPerMinute).toBeLessThanOrEqual(LIMIT);
  expect(judge.minuteFrom(5000)).toBeGreaterThanOrEqual(0.9 * LIMIT);
});

it('two that do not are held by 429: each waits as asked, and no failure becomes an answer', async () => {
  const { judge, written, account } = await annotate('apart', 38, {});
  expect(written.map(({ samples }) => samples)).toEqual(Array(RUNS).fill(expect.objectContaining({ unscorable: 0 })));
  expect(account).toMatchObject({ questions: 38 * RUNS, answered: 38 * RUNS, duplicates: 0, unanswered: 0 });
  console.info(`most in a minute ${judge.mostPerMinute}, ${judge.refused} of them refused, of ${LIMIT}`);
  expect(judge.refused).toBeGreaterThan(0);
  expect(judge.mostPerMinute).toBeLessThanOrEqual(1.1 * LIMIT);
});
