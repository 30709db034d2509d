import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { progressKey, recordKey } from '../../activities/record/record.ts';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { Rollout } from '../../core/completion.ts';
import { RunProgress } from '../../core/run-progress.ts';
import { StepRecord } from '../../core/run-results.ts';
import { DatasetManifest } from '../../core/sample.ts';
import { PrepareDatasetOutput, RolloutGroupsOutput } from '../../core/stages.ts';
import { type Outcome, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
let calm: Outcome;
beforeAll(async () => {
  world = await ChaosWorld.start();
  calm = await outcomeOf(await world.play('calm', experiment()));
}, 300_000);
afterAll(() => world?.stop());

const experiment = () => {
  const { config, overrides } = matrixExperiment(world.judge.baseUrl);
  return {
    config,
    overrides: { ...overrides, 'grpo.steps': 4, 'benchmark.everySteps': 2, 'judge.patienceSeconds': 2 },
  };
};

/** A run of this world, with what it has stored. */
async function opened(name: string, handle: WorkflowHandle) {
  const store = new ArtifactStore(join(world.folder, name, 'store'));
  const run = await soon(async () => (await handle.describe()).memo?.run as string | undefined);
  const value = async <S extends Parameters<ArtifactStore['readJson']>[1]>(key: string, schema: S) =>
    store.readJson((await soon(() => store.find(key)))!, schema);
  return { store, run, value, resume: { ...experiment(), resume: { run } } };
}

/** What comes to be there. */
async function soon<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await sleep(50);
  }
}

const status = (handle: WorkflowHandle) => handle.query<{ step: number; blocked?: string }>('status');

/** Changes one bit, in the middle. */
async function flipBit(store: ArtifactStore, ref: ArtifactRef): Promise<void> {
  const bytes = await readFile(store.path(ref));
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(store.path(ref), bytes);
}

describe('a bit flips in what a stage has made for the next', () => {
  it('ends the run with its name; resumed, the run makes it again and ends with the undisturbed weights', async () => {
    const played = await world.play('between', experiment(), {
      end: async (handle) => {
        const { store, run, value, resume } = await opened('between', handle);
        await soon(async () => (await status(handle)).step >= 1 || undefined);
        // The judge is away, so that a rollout lies there and waits for it.
        await world.judge.stop();
        const step = await soon(async () => {
          const { blocked, step } = await status(handle);
          return blocked === undefined ? undefined : step + 1;
        });
        const folder = `runs/${run}/step-${String(step).padStart(6, '0')}`;
        const { rollout } = await value(`${folder}/rollout-groups.json`, RolloutGroupsOutput);
        const whole = await store.readJson(rollout, Rollout);
        await flipBit(store, rollout);
        await world.judge.start();
        await handle.signal('resume');
        await expect(handle.result()).rejects.toMatchObject({
          cause: { cause: { type: 'CorruptArtifact', message: expect.stringContaining(`${rollout.uri} is damaged`) } },
        });
        expect(whole.step).toBe(step);
        return resume;
      },
    });
    const { weights, optimizer, series } = await outcomeOf(played);
    expect({ weights, optimizer }).toEqual({ weights: calm.weights, optimizer: calm.optimizer });
    expect(series).toEqual(calm.series);
  }, 300_000);
});

describe('a store is damaged while a run is down', () => {
  it('what its steps, its dataset and its start lie in is made again, with the same bytes', async () => {
    const damaged: ArtifactRef[] = [];
    const played = await world.play('down', experiment(), {
      end: async (handle) => {
        const { store, run, value, resume } = await opened('down', handle);
        const { policy, reference, evaluations } = await value(progressKey(run, 2), RunProgress);
        await handle.terminate('the test says so');
        const { rollout, verdicts } = await value(recordKey(run, 2), StepRecord);
        const { manifest } = await value(`runs/${run}/dataset.json`, PrepareDatasetOutput);
        const { heldOut } = await store.readJson(manifest, DatasetManifest);
        const { video } = heldOut[0]!;
        const last = evaluations.at(-1)!;
        expect(last.step).toBe(2);
        damaged.push(policy.weights, policy.optimizer!, reference.weights, rollout!, verdicts!, manifest);
        damaged.push(last.captions, last.details, ...('artifact' in video ? [video.artifact] : []));
        for (const ref of damaged) await flipBit(store, ref);
        return resume;
      },
    });
    const { weights, optimizer, series, base, trained } = await outcomeOf(played);
    expect({ weights, optimizer }).toEqual({ weights: calm.weights, optimizer: calm.optimizer });
    expect({ series, base, trained }).toEqual({ series: calm.series, base: calm.base, trained: calm.trained });
    const store = new ArtifactStore(join(played.home, 'store'));
    expect(await store.firstDamaged(damaged)).toBeUndefined();
  }, 300_000);
});
