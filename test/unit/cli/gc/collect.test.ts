import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectionLines } from '../../../../cli/commands/gc.ts';
import { type CollectOptions, collectGarbage } from '../../../../cli/gc/collect.ts';
import { type KnownExecution, stateOf } from '../../../../cli/gc/known-runs.ts';
import type { ArtifactRef } from '../../../../core/artifact-ref.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { Fences } from '../../../../core/fence.ts';
import { BucketStorage } from '../../../storage/bucket-storage.ts';
import { WatchedStorage } from '../../../storage/watched-storage.ts';

const DAY = 86_400_000;

let home: string;
let store: ArtifactStore;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-gc-'));
  store = new ArtifactStore(join(home, 'store'));
});
afterEach(() => rm(home, { recursive: true }));

const execution = (change: Partial<KnownExecution>): KnownExecution => ({
  workflowId: 'w',
  executionId: 'e',
  state: 'completed',
  startTime: Date.now(),
  ...change,
});

/** Ten days from now, when everything here is old. */
const collect = (known: KnownExecution[], change: Partial<CollectOptions> = {}) =>
  collectGarbage({
    storage: store.storage,
    home,
    known,
    cacheDays: 7,
    dryRun: false,
    now: Date.now() + 10 * DAY,
    ...change,
  });

async function files(folder = 'store'): Promise<string[]> {
  const entries = await readdir(join(home, folder), { recursive: true, withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  return names.map((name) => name.slice(home.length + 1)).sort();
}

/** Whether a key's artifact is whole. */
async function has(key: string): Promise<boolean> {
  const ref = await store.find(key);
  return (
    ref !== undefined &&
    (await store.read(ref).then(
      () => true,
      () => false,
    ))
  );
}

/** A run of three steps with a benchmark after the second, as its activities leave it. */
async function aRun(runKey: string): Promise<string[]> {
  const at = (name: string) => `runs/${runKey}/${name}`;
  const weights: Record<number, ArtifactRef> = {
    0: await store.put('policies/base/model.safetensors', 'base weights'),
  };
  for (const step of [1, 2, 3])
    weights[step] = await store.put(at(`checkpoints/step-00000${step}/model.safetensors`), `${runKey} weights ${step}`);
  const clip = await store.put('clips/one.clip', 'pixels');
  await store.putJson('clips/lists/one.json', [{ sampleId: 'a', clip }]);
  const video = await store.put('data/shapes/1/a.mp4', 'a video');
  const manifest = await store.putJson('data/manifests/m.json', { train: [{ id: 'a', video: { artifact: video } }] });
  await store.putJson(at('dataset.json'), { manifest });
  await store.putJson(at('load-policy.json'), { policy: { weights: weights[0] } });
  const evaluations: object[] = [];
  for (const step of [0, 1, 2, 3]) {
    const folder = `step-00000${step}`;
    if (step === 0 || step === 2) {
      const captions = await store.putJson(at(`${folder}/captions/held-out/captions.json`), ['a caption']);
      const details = await store.putJson(at(`${folder}/benchmarks/held-out/details.json`), { step });
      evaluations.push({ step, captions, details, policy: { weights: weights[step] } });
      await store.putJson(at(`${folder}/benchmarks/held-out/scores.json`), { details });
    }
    const rollout = await store.putJson(at(`${folder}/round-00/part-00/rollout.json`), { groups: [] });
    const verdicts = await store.putJson(at(`${folder}/round-00/part-00/verdicts.json`), {});
    for (const name of [
      ...['round-00/part-00/rollout-groups', 'round-00/part-00/local-scores', 'round-00/part-00/judged-scores'],
      ...['update', 'captions/held-out/caption-clips'],
    ])
      await store.putJson(at(`${folder}/${name}.json`), { name });
    await store.putJson(at(`records/step-00000${step}.json`), { step, rollout, verdicts });
    const policy = { weights: weights[step] };
    await store.putJson(at(`progress/step-00000${step}.json`), { step, evaluations, policy, reference: weights[0] });
  }
  await store.put(at('report-0123456789ab.html'), 'the report');
  await store.put('ledger/answer.json', 'paid for');
  return files();
}

describe('a finished run', () => {
  const finished = [execution({ runKey: 'r' })];

  it('keeps records, states, report, captions, verdicts, rollouts and dataset', async () => {
    await aRun('r');
    await collect(finished);
    for (const step of [0, 1, 2, 3])
      for (const name of ['records', 'progress']) expect(await has(`runs/r/${name}/step-00000${step}.json`)).toBe(true);
    for (const name of [
      ...['step-000002/captions/held-out/captions', 'step-000002/benchmarks/held-out/details'],
      'step-000001/round-00/part-00/rollout',
    ])
      expect(await has(`runs/r/${name}.json`), name).toBe(true);
    expect(await has('runs/r/step-000003/round-00/part-00/verdicts.json')).toBe(true);
    expect(await has('runs/r/report-0123456789ab.html')).toBe(true);
    expect(await has('data/manifests/m.json')).toBe(true);
    expect(await has('data/shapes/1/a.mp4')).toBe(true);
  });

  it('keeps the checkpoints of benchmarked steps and of the end, and the policy it began with', async () => {
    await aRun('r');
    const { removed } = await collect(finished);
    const kept = [];
    for (const step of [1, 2, 3]) kept.push(await has(`runs/r/checkpoints/step-00000${step}/model.safetensors`));
    expect(kept).toEqual([false, true, true]);
    expect(removed.checkpoints.files).toBe(2);
    expect(await has('policies/base/model.safetensors')).toBe(true);
  });

  it('keeps the checkpoints that checkpoints.keepEvery promises, benchmarked or not, for forks', async () => {
    await aRun('r');
    await store.put('runs/r/checkpoints/step-000004/model.safetensors', 'weights 4');
    await store.put('runs/r/checkpoints/step-000005/model.safetensors', 'weights 5');
    await store.putJson('runs/r/progress/step-000006.json', { config: { checkpoints: { keepEvery: 4 } }, step: 6 });
    await collect(finished);
    expect(await has('runs/r/checkpoints/step-000004/model.safetensors')).toBe(true);
    expect(await has('runs/r/checkpoints/step-000005/model.safetensors')).toBe(false);
  });

  it('keeps the reference policy of a state that checkpoints.keepEvery promises, and of no other', async () => {
    await aRun('r');
    const config = { checkpoints: { keepEvery: 4 } };
    const weights = async (step: number) =>
      store.put(`runs/r/checkpoints/step-00000${step}/model.safetensors`, `r weights ${step}`);
    for (const [step, reference] of [
      [4, 1],
      [5, 3],
      [6, 6],
    ] as const) {
      const state = { config, step, policy: { weights: await weights(step) } };
      const frozen = { weights: await weights(reference) };
      await store.putJson(`runs/r/progress/step-00000${step}.json`, { ...state, reference: frozen });
    }
    await collect(finished);
    const kept = [1, 3, 4, 5, 6].map((step) => has(`runs/r/checkpoints/step-00000${step}/model.safetensors`));
    expect(await Promise.all(kept)).toEqual([true, false, true, false, true]);
  });

  it('keeps the reference policy of a benchmarked state, which may be the best: a fork can start from it', async () => {
    await aRun('r');
    const reference = { weights: await store.find('runs/r/checkpoints/step-000001/model.safetensors') };
    const policy = { weights: await store.find('runs/r/checkpoints/step-000002/model.safetensors') };
    await store.remove('runs/r/progress/step-000002.json');
    await store.putJson('runs/r/progress/step-000002.json', { step: 2, policy, reference });
    await collect(finished);
    expect(await has('runs/r/checkpoints/step-000001/model.safetensors')).toBe(true);
  });

  it('keeps the checkpoints of all benchmarked steps, although its last state names few of them', async () => {
    await aRun('r');
    const checkpoint = (step: number) => `runs/r/checkpoints/step-00000${step}`;
    const weights = await store.put(`${checkpoint(4)}/model.safetensors`, 'weights 4');
    for (const step of [1, 2, 4]) await store.put(`${checkpoint(step)}/optimizer.safetensors`, `state ${step}`);
    const optimizer = await store.find(`${checkpoint(4)}/optimizer.safetensors`);
    await store.putJson('runs/r/progress/step-000004.json', {
      step: 4,
      evaluations: [],
      policy: { weights, optimizer },
    });
    await collect(finished);
    const kept = async (file: string) => Promise.all([1, 2, 3, 4].map((step) => has(`${checkpoint(step)}/${file}`)));
    expect(await kept('model.safetensors')).toEqual([false, true, false, true]);
    expect(await kept('optimizer.safetensors')).toEqual([false, true, false, true]);
  });

  it('loses what only its activities would look for', async () => {
    await aRun('r');
    await collect(finished);
    for (const name of [
      ...['load-policy', 'step-000001/round-00/part-00/local-scores', 'step-000002/update'],
      'step-000002/captions/held-out/caption-clips',
    ])
      expect(await store.find(`runs/r/${name}.json`), name).toBeUndefined();
  });

  it('keeps what another run refers to: the checkpoint that a fork began with', async () => {
    await aRun('r');
    const policy = { weights: await store.find('runs/r/checkpoints/step-000001/model.safetensors') };
    await store.putJson('runs/fork/progress/step-000002.json', { policy });
    await collect([...finished, execution({ runKey: 'fork', state: 'running' })]);
    expect(await has('runs/r/checkpoints/step-000001/model.safetensors')).toBe(true);
  });

  it('keeps the weights that another run started from', async () => {
    await aRun('r');
    const weights = await store.put('policies/start/model.safetensors', 'a copy of weights 1');
    await store.put('policies/unused/model.safetensors', 'of a run that is gone');
    await store.putJson('runs/r/start.json', { model: 'run:sft@1', policy: { weights } });
    await collect(finished);
    expect(await has('policies/start/model.safetensors')).toBe(true);
    expect(await has('policies/unused/model.safetensors')).toBe(false);
  });

  it('can be collected twice; the second time there is nothing to remove', async () => {
    await aRun('r');
    await collect(finished);
    const after = await files();
    const again = await collect(finished);
    expect(await files()).toEqual(after);
    expect(collectionLines(again, false)[0]).toBe('Nothing to remove.');
  });
});

describe('a run that continues, or could', () => {
  it.each([
    ['is running', [execution({ runKey: 'r', state: 'running' })]],
    ['was terminated', [execution({ runKey: 'r', state: 'ended' })]],
    [
      'was terminated and resumed',
      [execution({ runKey: 'r', state: 'ended' }), execution({ runKey: 'r', state: 'running' })],
    ],
    ['has not said its key', [execution({ workflowId: 'r', state: 'running' })]],
    [
      'continues in an execution that has not said its key',
      [
        execution({ workflowId: 'r', runKey: 'r-0a1b2c3d', state: 'ended' }),
        execution({ workflowId: 'r', state: 'running', startTime: Date.now() + 9 * DAY }),
      ],
    ],
  ])('keeps everything of its own: it %s', async (_, known) => {
    const before = await aRun(known[0]!.runKey ?? 'r-0a1b2c3d');
    await collect(known, { cacheDays: 0 });
    const own = (paths: string[]) => paths.filter((path) => !path.includes('/clips/'));
    expect(own(await files())).toEqual(own(before));
  });

  it.each([
    ['', [execution({ workflowId: 'r', runKey: 'r-0a1b2c3d', state: 'running' })]],
    [
      ': in an execution before this one, which has not said the run`s key',
      [
        execution({ workflowId: 'r', runKey: 'r-0a1b2c3d', state: 'ended' }),
        execution({ workflowId: 'r', state: 'running', startTime: Date.now() + 9 * DAY }),
      ],
    ],
  ])('keeps whatever has been used since it began, though nothing in the store refers to it%s', async (_, known) => {
    const before = await aRun('r-0a1b2c3d');
    await collect(known, { cacheDays: 0 });
    expect(await files()).toEqual(before);
  });

  it('is what a run without a report is that Temporal does not know', async () => {
    await aRun('r');
    await store.remove('runs/r/report-0123456789ab.html');
    const before = await files();
    expect((await collect([])).runs).toEqual({ running: 0, resumable: 1, finished: 0 });
    expect((await files()).filter((path) => path.includes('runs/r'))).toEqual(
      before.filter((path) => path.includes('runs/r')),
    );
  });
});

describe('what no run refers to', () => {
  const finished = [execution({ runKey: 'r' })];

  it('goes when it was not used for the days given, and stays until then', async () => {
    await aRun('r');
    await collect(finished, { now: Date.now() + 6 * DAY });
    expect(await has('clips/one.clip')).toBe(true);
    const { removed } = await collect(finished, { now: Date.now() + 8 * DAY });
    expect(await has('clips/one.clip')).toBe(false);
    expect(removed.frames.files).toBe(4);
  });

  it('stays for an hour at least, however little it is wanted', async () => {
    const before = await aRun('r');
    await collect(finished, { cacheDays: 0, now: Date.now() + 3_500_000 });
    expect(await files()).toEqual(before);
  });
});

it('what is put again after it was listed stays: a run has begun to use it', async () => {
  await aRun('r');
  const now = Date.now() + 8 * DAY;
  const shared = ['clips/one.clip', 'clips/lists/one.json'];
  let used: string | undefined;
  const storage = new WatchedStorage(store.storage, {
    async before({ method, key }) {
      if (used !== undefined || method !== 'remove') return;
      used = shared.find((other) => other !== key)!;
      await utimes(join(home, `store/${used}.ref`), now / 1000, now / 1000);
    },
  });
  await collect([execution({ runKey: 'r' })], { storage, now });
  for (const key of shared) expect(await has(key), key).toBe(key === used);
});

it('collects a bucket as it collects a folder', async () => {
  const collected = [];
  for (const storage of [store.storage, new BucketStorage()]) {
    store = new ArtifactStore(storage);
    await aRun('r');
    const { removed, kept } = await collect([execution({ runKey: 'r' })]);
    collected.push({ removed, kept });
    expect(await has('runs/r/progress/step-000003.json')).toBe(true);
    expect(await has('clips/one.clip')).toBe(false);
  }
  expect(collected[1]).toEqual(collected[0]);
});

describe('what must never go', () => {
  it('is what no template of the store layout makes', async () => {
    for (const key of ['runs/r/notes.txt', 'elsewhere/x.json']) await store.put(key, '{}');
    await store.put('runs/r/report-0123456789ab.html', 'the report');
    await collect([execution({ runKey: 'r' })], { cacheDays: 0 });
    for (const key of ['runs/r/notes.txt', 'elsewhere/x.json']) expect(await has(key)).toBe(true);
  });

  it('is the ledger, with its open questions, and exported models', async () => {
    await store.put('ledger/answer.json', 'paid for');
    await store.storage.putRef('ledger/asking/q.1', '{}', { ifAbsent: true });
    await mkdir(join(home, 'checkpoints/r'), { recursive: true });
    await writeFile(join(home, 'checkpoints/r/model.safetensors'), 'yours');
    const before = [...(await files()), ...(await files('checkpoints'))];
    await collect([], { cacheDays: 0 });
    expect([...(await files()), ...(await files('checkpoints'))]).toEqual(before);
  });
});

describe('leftovers', () => {
  it('go once they are old: unfinished files, contents without a reference, half exports', async () => {
    await aRun('r');
    const uuid = '0f8fad5b-d9cb-469f-a165-70867728950e';
    const leftovers = [
      `ledger/x.json.${uuid}.tmp`,
      'runs/r/step-000001/update.0123456789ab.json',
      'clips/x.0123456789ab.clip',
    ];
    for (const path of leftovers) await writeFile(join(home, 'store', path), 'left');
    await mkdir(join(home, `checkpoints/r.${uuid}.partial`), { recursive: true });
    await writeFile(join(home, `checkpoints/r.${uuid}.partial/config.json`), '{}');
    const { removed } = await collect([execution({ runKey: 'r' })]);
    expect(removed.unfinished).toEqual({ files: 4, bytes: 14 });
    expect((await files()).filter((path) => leftovers.some((left) => path.endsWith(left)))).toEqual([]);
  });

  it('are claims of executions and runs that are over; those of others stay', async () => {
    await aRun('r');
    await aRun('s');
    const fences = new Fences(store.storage);
    await fences.claim({ execution: 'done', activity: '1', scheduled: 2, first: false, runKey: 'r' });
    await fences.claim({ execution: 'going', activity: '1', scheduled: 2, first: false, runKey: 's' });
    const { removed } = await collect([
      execution({ runKey: 'r', executionId: 'done' }),
      execution({ runKey: 's', executionId: 'going', state: 'running' }),
    ]);
    expect(removed.claims.files).toBe(2);
    expect((await files()).filter((path) => path.includes('fences'))).toEqual([
      expect.stringMatching(/^store\/fences\/attempts\/going\/1\/0*2-00000001-[^/]+\.ref$/),
      'store/fences/runs/s/00000001-going.ref',
    ]);
  });

  it('are not the contents that a damaged reference may have named', async () => {
    await aRun('r');
    await writeFile(join(home, 'store/runs/r/report-0123456789ab.html.ref'), '');
    await collect([execution({ runKey: 'r' })]);
    expect(await has('runs/r/report-0123456789ab.html')).toBe(true);
  });
});

it('a dry run prints the same numbers and removes nothing', async () => {
  const before = await aRun('r');
  const known = [execution({ runKey: 'r' })];
  const told = await collect(known, { dryRun: true });
  expect(await files()).toEqual(before);
  expect(await collect(known)).toEqual(told);
  expect(collectionLines(told, true).join('\n')).toMatch(
    /checkpoints of finished runs +2 .*Would remove \d+ files, .* of 0 active, 0 resumable and 1 finished runs\.$/s,
  );
});

describe('the state of a run', () => {
  const unknown = { hasReport: false, lately: false };
  it('is that of its executions, whichever came first', () => {
    const ended = execution({ runKey: 'r', state: 'ended' });
    expect(stateOf('r', [ended], unknown)).toBe('resumable');
    expect(stateOf('r', [ended, execution({ runKey: 'r' })], unknown)).toBe('finished');
    expect(stateOf('r', [execution({ runKey: 'r' }), execution({ runKey: 'r', state: 'running' })], unknown)).toBe(
      'running',
    );
  });

  it('is running while an execution continues that has not said its key and may be its own', () => {
    const said = { workflowId: 'w', runKey: 'w-0a1b2c3d' };
    const silent = execution({ workflowId: 'w', state: 'running' });
    for (const state of ['ended', 'completed'] as const)
      expect(stateOf('w-0a1b2c3d', [execution({ ...said, state }), silent], unknown)).toBe('running');
    expect(
      stateOf('w-0a1b2c3d', [execution({ ...said, workflowId: 'v' }), { ...silent, workflowId: 'v' }], unknown),
    ).toBe('finished');
    // The key of a run `w-2` begins like those of `w`.
    expect(stateOf('w-2-0a1b2c3d', [execution({ runKey: 'w-2-0a1b2c3d', state: 'ended' }), silent], unknown)).toBe(
      'resumable',
    );
    // It may have finished another run of the same name.
    expect(
      stateOf('w-0a1b2c3d', [execution({ ...said, state: 'ended' }), { ...silent, state: 'completed' }], unknown),
    ).toBe('resumable');
  });

  it("follows from the run's files where Temporal does not know the run", () => {
    expect(stateOf('r', [], { hasReport: true, lately: true })).toBe('finished');
    expect(stateOf('r', [], { hasReport: false, lately: true })).toBe('running');
    expect(stateOf('r', [execution({ runKey: 'other' })], unknown)).toBe('resumable');
  });
});
