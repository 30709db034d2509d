import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { keepConfig } from '../../configs/kept-configs.ts';
import type { SweepSummary } from '../../contracts/sweep-results.ts';
import { uniformAt } from '../../core/random.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { type MlflowServer, startMlflow } from '../integration/tracking/mlflow-server.ts';
import { JudgeEndpoint } from './matrix/judge-endpoint.ts';
import { AT_ONCE, FINISHED, paidBy, QUESTIONS_AT_ONCE, sweepFile, tableOf } from './sweep/sweep-experiment.ts';
import { startWorker, type WorkerProcess } from './worker-process.ts';

/** At random moments. */
const KILLS = 3;
const [SHORTEST_PAUSE, LONGEST_PAUSE] = [500, 6000];

let temporal: TestWorkflowEnvironment;
let mlflow: MlflowServer;
let folder: string;
let worker: WorkerProcess | undefined;
const judge = new JudgeEndpoint();
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-sweep-'));
  [temporal, mlflow] = await Promise.all([startTemporal(), startMlflow(), judge.start()]);
}, 180_000);
afterAll(async () => {
  await worker?.kill();
  await temporal?.teardown();
  await Promise.all([mlflow?.remove(), judge.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const newWorker = async (home: string) => {
  const env = { CHAOS_JUDGE_KEY: 'any' };
  worker = await startWorker({ temporalAddress: temporal.address, mlflowUrl: mlflow.url, home, env });
  return worker;
};

/** A sweep in a home of its own, so that it finds nothing that another has made. */
async function play(name: string, disturb?: (home: string) => Promise<void>) {
  const home = join(folder, name);
  await newWorker(home);
  judge.answered.clear();
  const source = { name: join(folder, 'killed.yaml'), text: stringify(sweepFile(judge.baseUrl)) };
  const args = [{ sweep: source.name, sweepHash: await keepConfig(home, source) }];
  const handle = await temporal.client.workflow.start('ablationSweep', {
    ...{ taskQueue: 'videocap', workflowId: name, args },
  });
  await disturb?.(home);
  // Asked again and again: a server under load may not answer a call that waits.
  await expect
    .poll(async () => (await handle.describe().catch(() => undefined))?.status.name, {
      ...{ timeout: 900_000, interval: 1000 },
    })
    .toBe('COMPLETED');
  const summary = (await handle.result()) as SweepSummary;
  await worker!.kill();
  return { summary, answered: new Map(judge.answered) };
}

interface Run {
  info: { run_id: string; run_name: string; status: string };
  data: { tags: { key: string; value: string }[]; metrics?: { key: string; value: number }[] };
}
const tagOf = ({ data }: Run, name: string) => data.tags.find(({ key }) => key === name)?.value;

/** The MLflow run of a sweep, and those below it. */
async function trackedRuns({ mlflowRunUrl }: SweepSummary): Promise<{ parent: Run; children: Run[] }> {
  const [, experiment, run] = mlflowRunUrl!.match(/experiments\/(\d+)\/runs\/(\w+)/)!;
  const response = await fetch(`${mlflow.url}/api/2.0/mlflow/runs/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ experiment_ids: [experiment], max_results: 100 }),
  });
  const { runs } = (await response.json()) as { runs: Run[] };
  return {
    parent: runs.find(({ info }) => info.run_id === run)!,
    children: runs.filter((each) => tagOf(each, 'mlflow.parentRunId') === run),
  };
}

it('a sweep whose worker is killed ends in the table of an undisturbed one; its broken arm ends alone', async () => {
  const struck = await play('struck', async (home) => {
    // The first two runs are at their first benchmark.
    const isAsked = expect.poll(() => judge.answered.size, { timeout: 180_000, interval: 50 }).toBeGreaterThan(2);
    await Promise.race([isAsked, temporal.client.workflow.getHandle('struck').result()]);
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(SHORTEST_PAUSE + (LONGEST_PAUSE - SHORTEST_PAUSE) * uniformAt(1, ['killed-sweep', kill]));
      expect((await temporal.client.workflow.getHandle('struck').describe()).status.name).toBe('RUNNING');
      await worker!.kill();
      await newWorker(home);
    }
  });
  const calm = await play('calm');

  for (const { summary } of [struck, calm]) {
    const states = summary.outcomes.map(({ arm, seed, state, reason = '' }) => `${arm} ${seed} ${state}${reason}`);
    expect(states.filter((state) => !state.startsWith('broken'))).toEqual(FINISHED);
    expect(states.find((state) => state.startsWith('broken'))).toMatch(/failed.*never-made/);
  }
  expect(tableOf(struck.summary)).toBe(tableOf(calm.summary));
  expect(paidBy(struck.summary)).toBe(paidBy(calm.summary));
  const means = calm.summary.result.conditions[0]!.rows.map(({ mean }) => mean);
  expect(means[0]).not.toBe(means[1]);
  expect(calm.summary.result.conditions[0]!.rows.map(({ arm, seeds }) => [arm, seeds])).toEqual([
    ...[
      ['sft', [1, 2]],
      ['grpo', [1, 2]],
    ],
    ['broken', []],
  ]);

  // No question is paid twice, but those whose answers were on their way to the worker that died.
  expect([...struck.answered.keys()].sort()).toEqual([...calm.answered.keys()].sort());
  const again = [...struck.answered.values()].reduce((sum, times) => sum + times - 1, 0);
  expect(again).toBeLessThanOrEqual(KILLS * AT_ONCE * QUESTIONS_AT_ONCE);
  expect([...calm.answered.values()].filter((times) => times > 1)).toEqual([]);

  const { parent, children } = await trackedRuns(struck.summary);
  expect(parent.info.status).toBe('FINISHED');
  expect(tagOf(parent, 'mlflow.note.content')).toContain(struck.summary.result.verdict[0]);
  const expected = struck.summary.result.conditions[0]!.rows.flatMap(({ arm, mean }) =>
    mean === null ? [] : [[`eventF1/${arm}.all`, mean]],
  );
  expect(Object.fromEntries(parent.data.metrics!.map(({ key, value }) => [key, value]))).toMatchObject(
    Object.fromEntries(expected),
  );
  expect(
    children
      .filter(({ info }) => info.status === 'FINISHED')
      .map((run) => ['arm', 'seed'].map((what) => tagOf(run, `videocap.sweep.${what}`)).join(' '))
      .sort(),
  ).toEqual(['grpo 1', 'grpo 2', 'sft 1', 'sft 2']);
  console.info(
    `${calm.answered.size} questions, ${again} asked again; ${JSON.stringify(struck.summary.result.shared)}`,
  );
}, 1_200_000);
