import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTrackingActivities } from '../../../activities/tracking.ts';
import { readRecords } from '../../../contracts/read-records.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { metricPoints } from '../../../tracking/log-batches.ts';
import type { Metric } from '../../../tracking/mlflow-client.ts';
import { proxiedRoot } from '../../../tracking/run-artifacts.ts';
import { pointsIn } from '../../../tracking/tensorboard/event-record.ts';
import { type SyntheticRun, syntheticRun } from '../report/synthetic-run.ts';
import { type FakeMlflow, fakeMlflow } from '../tracking/fake-mlflow.ts';

let folder: string;
let store: ArtifactStore;
let server: FakeMlflow;
let run: SyntheticRun;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-tracking-'));
  store = new ArtifactStore(folder);
  [server, run] = await Promise.all([fakeMlflow(), syntheticRun(store, { steps: 2, samples: 2 })]);
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const tracker = (mlflowUrl = server.url) =>
  createTrackingActivities({ store, mlflowUrl, env: {}, attempts: 2, pauseSeconds: 0.001 });
const start = () => ({ runKey: run.runKey, config: run.config, startTime: 1 });
const mirror = (tracking: Awaited<ReturnType<ReturnType<typeof tracker>['startTracking']>>) => ({
  ...{ runKey: run.runKey, tracking, manifest: run.manifest },
  ...{ fromStep: 0, toStep: 2 },
});
const active = () => server.runs.filter(({ info }) => info.lifecycle_stage === 'active');

describe('a further tracker', () => {
  it('gets the records while MLflow does not answer, and each point once', async () => {
    const tracking = await tracker().startTracking(start());
    const tensorBoard = join(folder, 'tensorboard');
    const away = { store, mlflowUrl: 'http://127.0.0.1:1', tensorBoard, env: {}, attempts: 1 };
    for (let i = 0; i < 2; i++)
      await expect(createTrackingActivities(away).mirrorRecords(mirror(tracking))).rejects.toMatchObject({
        code: 'Unavailable',
      });
    const [file] = await readdir(join(tensorBoard, run.runKey));
    const { known } = pointsIn(await readFile(join(tensorBoard, run.runKey, file!)));
    const records = await readRecords(store, run.runKey, 0, 2);
    const points = records.flatMap(({ step, metrics }) => Object.keys(metrics).map((name) => `${step} ${name}`));
    expect([...known]).toEqual(points);
  });
});

describe('startTracking', () => {
  it('takes no sweep whose key would end a name in MLflow’s search', async () => {
    const sweep = { sweep: "s' OR tags.`x` = '", name: 's', arm: 'grpo', condition: 'all', seed: 1 };
    await expect(tracker().startTracking({ ...start(), sweep })).rejects.toThrow('sweep');
    expect(server.calls).toEqual([]);
  });

  it('finds its run again after the answer to its creation got lost', async () => {
    server.fail(/runs\/create/, 'lost');
    await expect(tracker().startTracking(start())).rejects.toMatchObject({ code: 'Unavailable' });
    const tracking = await tracker().startTracking(start());
    expect(server.runs.map(({ info }) => info.run_id)).toEqual([tracking.mlflowRunId]);
  });

  it('is one run when two deliveries overlap', async () => {
    const all = await Promise.all([1, 2, 3].map(() => tracker().startTracking(start())));
    expect(new Set(all.map(({ mlflowRunId }) => mlflowRunId)).size).toBe(1);
    expect(active()).toHaveLength(1);
  });

  it('sends no param again, since MLflow refuses another value', async () => {
    await tracker().startTracking(start());
    const before = server.runs[0]!.data.params.length;
    server.runs[0]!.data.params[0]!.value = 'as an older version wrote it';
    await tracker().startTracking(start());
    expect(server.runs[0]!.data.params).toHaveLength(before);
  });

  it.each(['KILLED', 'FAILED', 'FINISHED'] as const)(
    'continues a run that was %s, with one update of its status',
    async (status) => {
      const tracking = await tracker().startTracking(start());
      await tracker().finishTracking({ runKey: run.runKey, tracking, status, endTime: 9, evaluations: [] });
      const before = server.calls.length;
      for (const _ of [1, 2]) expect(await tracker().startTracking(start())).toEqual(tracking);
      expect(server.runs[0]!.info.status).toBe('RUNNING');
      const updates = server.calls.slice(before).filter(({ path }) => path.endsWith('runs/update'));
      expect(updates.map(({ body }) => body)).toEqual([{ run_id: tracking.mlflowRunId, status: 'RUNNING' }]);
    },
  );

  it('takes another server as another mirror', async () => {
    const first = await tracker().startTracking(start());
    const other = await fakeMlflow();
    try {
      const second = await tracker(other.url).startTracking(start());
      expect(second.runUrl).not.toBe(first.runUrl);
      expect(other.runs).toHaveLength(1);
    } finally {
      await other.close();
    }
  });

  it('refuses a run key that MLflow could not search for', async () => {
    await expect(tracker().startTracking({ ...start(), runKey: "it's" })).rejects.toThrow();
  });
});

describe('the page of an experiment', () => {
  const tagsOf = () => new Map([...server.experiments.values()][0]!.tags.map(({ key, value }) => [key, value]));

  it('lists runs with the metrics that matter, in a view that a newer version renews', async () => {
    await tracker().startTracking(start());
    const { selectedColumns } = JSON.parse(tagsOf().get('mlflow.sharedViewState.videocap')!);
    expect(selectedColumns).toEqual(expect.arrayContaining(['metrics.`eval/eventF1`', 'tags.`videocap.end`']));
    for (const tag of [...server.experiments.values()][0]!.tags) tag.value = 'as someone else wrote it';
    await tracker().startTracking({ ...start(), runKey: 'another-1' });
    expect(JSON.parse(tagsOf().get('mlflow.sharedViewState.videocap')!)).toMatchObject({ selectedColumns });
    expect(tagsOf().get('mlflow.note.content')).toBe('as someone else wrote it');
  });
});

describe('a fork', () => {
  const parentOf = (runKey: string) =>
    server.runs
      .find(({ data }) => data.tags.some(({ key, value }) => key === 'videocap.runKey' && value === runKey))
      ?.data.tags.find(({ key }) => key === 'mlflow.parentRunId')?.value;
  const fork = (run: string) => ({ ...start(), runKey: 'fork-1', forkedFrom: { run, step: 1 } });

  it('stands below the run that it was forked from', async () => {
    const { mlflowRunId } = await tracker().startTracking(start());
    await tracker().startTracking(fork(run.runKey));
    expect(parentOf('fork-1')).toBe(mlflowRunId);
    expect(parentOf(run.runKey)).toBeUndefined();
  });

  it('stands by itself where that run is in no MLflow, or in another one', async () => {
    await tracker().startTracking(fork('never-seen'));
    expect(parentOf('fork-1')).toBeUndefined();
    const other = await fakeMlflow();
    try {
      await tracker(other.url).startTracking(start());
      await tracker().startTracking({ ...fork(run.runKey), runKey: 'fork-2' });
      expect(parentOf('fork-2')).toBeUndefined();
    } finally {
      await other.close();
    }
  });
});

describe('mirrorRecords', () => {
  it('sends the same points when it is delivered again', async () => {
    const tracking = await tracker().startTracking(start());
    await tracker().mirrorRecords(mirror(tracking));
    const once = [...server.runs[0]!.metrics];
    await tracker().mirrorRecords(mirror(tracking));
    expect(server.runs[0]!.metrics.slice(once.length)).toEqual(once);
    expect(server.runs[0]!.inputs.dataset_inputs).toHaveLength(2);
  });

  it('is Unavailable, which is waited for, when the server breaks down in the middle', async () => {
    const tracking = await tracker().startTracking(start());
    server.fail(/mlflow-artifacts/, { status: 503 }, { status: 503 });
    await expect(tracker().mirrorRecords(mirror(tracking))).rejects.toMatchObject({ retryable: true });
    await tracker().mirrorRecords(mirror(tracking));
    expect([...server.files.keys()].filter((path) => path.includes('rollouts/'))).toHaveLength(2);
  });

  it('comes to the end of a long backlog though no attempt has the time for all of it', async () => {
    const other = new ArtifactStore(join(folder, 'long'));
    const { manifest, config, records, runKey } = await syntheticRun(other, { steps: 34, samples: 1 });
    const deps = { store: other, mlflowUrl: server.url, env: {} };
    const tracking = await createTrackingActivities(deps).startTracking({ runKey, config, startTime: 1 });
    const attempt = () => {
      const time = new AbortController();
      let steps = 0;
      const onProgress = () => ++steps > 14 && time.abort(new Error('out of time'));
      const activities = createTrackingActivities({ ...deps, onProgress, signal: () => time.signal });
      return activities.mirrorRecords({ runKey, tracking, manifest, fromStep: 0, toStep: 34 });
    };
    for (const _ of [1, 2, 3]) await expect(attempt()).rejects.toThrow('out of time');
    await attempt();
    const named = ({ key, step, timestamp, value }: Metric) => `${key} ${step} ${timestamp} ${value}`;
    const sent = new Set((server.runs[0]!.metrics as Metric[]).map(named));
    expect(sent).toEqual(new Set(metricPoints(records).map(named)));
    const uploads = server.calls.filter(({ path }) => path.includes('rollouts/')).map(({ path }) => path);
    expect(new Set(uploads).size).toBe(34);
    // What an attempt was cut off in, and nothing else, is sent again.
    expect(uploads.length - 34).toBe(3 * 4);
  });

  it('does not believe a tag that it cannot have written', async () => {
    const tracking = await tracker().startTracking(start());
    server.runs[0]!.data.tags.push({ key: 'videocap.mirroredStep', value: 'all' });
    await tracker().mirrorRecords(mirror(tracking));
    expect([...server.files.keys()].filter((path) => path.includes('rollouts/'))).toHaveLength(2);
  });

  it('sends numbers, and a note on the run, where a server takes no files', async () => {
    const unproxied = await fakeMlflow({ artifactScheme: 'file:///mlruns' });
    try {
      const tracking = await tracker(unproxied.url).startTracking(start());
      await tracker(unproxied.url).mirrorRecords(mirror(tracking));
      const [{ metrics, data }] = unproxied.runs as [(typeof unproxied.runs)[number]];
      expect(metrics.length).toBeGreaterThan(0);
      expect(unproxied.files.size).toBe(0);
      const tags = new Map(data.tags.map(({ key, value }) => [key, value]));
      expect(tags.get('videocap.artifacts')).toMatch(/Files are not uploaded.*--serve-artifacts/);
      expect(tags.has('mlflow.loggedArtifacts')).toBe(false);
    } finally {
      await unproxied.close();
    }
  });
});

describe('mirrorRecords of a fork', () => {
  it('leaves out benchmarks of the other run that were measured otherwise, and nothing else', async () => {
    const tracking = await tracker().startTracking(start());
    await tracker().mirrorRecords({ ...mirror(tracking), otherBenchmarkTo: 1 });
    const sent = server.runs[0]!.metrics as Metric[];
    const stepsOf = (match: RegExp) => [...new Set(sent.filter(({ key }) => match.test(key)).map(({ step }) => step))];
    expect(stepsOf(/^eval/)).toEqual([2]);
    expect(stepsOf(/^reward\//)).toEqual([1, 2]);
  });

  it('marks a run whose policy may have collapsed while it still trains', async () => {
    const tracking = await tracker().startTracking(start());
    const collapse = [{ kind: 'length' as const, step: 2, sentence: 'completions grew' }];
    await tracker().mirrorRecords({ ...mirror(tracking), collapse });
    const tags = new Map(server.runs[0]!.data.tags.map(({ key, value }) => [key, value]));
    expect(tags.get('videocap.collapse')).toContain('completions grew');
  });
});

describe('a run that is resumed after it was cancelled', () => {
  it('no longer says that it ended', async () => {
    const tracking = await tracker().startTracking(start());
    const tag = (name: string) => server.runs[0]!.data.tags.find(({ key }) => key === name)?.value;
    const note = tag('mlflow.note.content');
    const end = { how: 'cancelled' as const, step: 1, totalSteps: 2 };
    const killed = { runKey: run.runKey, tracking, status: 'KILLED' as const, endTime: 9, evaluations: [], end };
    await tracker().finishTracking(killed);
    expect(tag('videocap.end')).toBe('Cancelled after step 1 of 2');
    expect(tag('mlflow.note.content')).toContain('Cancelled after step 1 of 2');
    await tracker().startTracking(start());
    expect([tag('videocap.end'), tag('mlflow.note.content')]).toEqual(['', note]);
  });
});

describe('finishTracking', () => {
  it('closes a run that ended badly with nothing but its status', async () => {
    const tracking = await tracker().startTracking(start());
    const end = { runKey: run.runKey, tracking, status: 'FAILED' as const, endTime: 9, evaluations: [] };
    await tracker().finishTracking(end);
    expect(server.runs[0]!.info.status).toBe('FAILED');
    expect(server.calls.at(-1)!.body).toMatchObject({ status: 'FAILED', end_time: 9 });
  });
});

describe('finishTracking after a stop', () => {
  it('sends the benchmark that came after the record of its step', async () => {
    const tracking = await tracker().startTracking(start());
    const { runKey, manifest, evaluations } = run;
    await tracker().finishTracking({ runKey, tracking, status: 'FINISHED', endTime: 9, evaluations, manifest });
    const sent = server.runs[0]!.metrics as { key: string; step: number; timestamp: number }[];
    expect(sent.filter(({ key }) => key === 'eval/eventF1').map(({ step, timestamp }) => [step, timestamp])).toEqual(
      run.records.map(({ step, time }) => [step, time]),
    );
  });
});

describe('proxiedRoot', () => {
  it.each([
    ['mlflow-artifacts:/1/abc/artifacts', '1/abc/artifacts'],
    ['mlflow-artifacts://host:5000/1/abc/artifacts', '1/abc/artifacts'],
    ['s3://bucket/1/abc/artifacts', undefined],
    ['/data/mlruns/1/abc/artifacts', undefined],
  ])('%s -> %s', (uri, root) => {
    expect(proxiedRoot(uri)).toBe(root);
  });
});
