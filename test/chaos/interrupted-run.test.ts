import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { PrepareDatasetOutput } from '../../contracts/dataset.ts';
import { RolloutGroupsOutput } from '../../contracts/policy.ts';
import { ScoredRollout, StepRecord } from '../../contracts/run-results.ts';
import { RunProgress } from '../../contracts/run-state.ts';
import type { RunStatus } from '../../contracts/run-status.ts';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { Rollout } from '../../core/completion.ts';
import { DatasetManifest } from '../../core/sample.ts';
import { keyOf } from '../../core/store-layout.ts';
import { differences, madeTwice, type Outcome, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { ChaosWorld, type Played } from './matrix/world.ts';

let world: ChaosWorld;
let through: Played;
let calm: Outcome;
beforeAll(async () => {
  world = await ChaosWorld.start();
  through = await world.play('through', experiment());
  calm = await outcomeOf(through);
}, 300_000);
afterAll(() => world?.stop());

/** Four steps, with a checkpoint and a benchmark in the middle. */
const experiment = () => {
  const { config, overrides } = matrixExperiment(world.judge.baseUrl);
  return {
    config,
    overrides: {
      ...overrides,
      'algorithm.steps': 4,
      'benchmark.everySteps': 2,
      'checkpoints.keepEvery': 2,
      'judge.patienceSeconds': 2,
    },
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

/** Waits until `look` finds something. */
async function soon<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    await sleep(50);
  }
}

const status = (handle: WorkflowHandle) => handle.query<Pick<RunStatus, 'step' | 'stage' | 'blocked'>>('status');

/** Changes one bit, in the middle. */
async function flipBit(store: ArtifactStore, ref: ArtifactRef): Promise<void> {
  const bytes = await readFile(await store.localCopy(ref));
  bytes[bytes.length >> 1]! ^= 1;
  await writeFile(await store.localCopy(ref), bytes);
}

const pick = ({ weights, optimizer, series }: Outcome) => ({ weights, optimizer, series });

describe('a worker that dies twice in one run', () => {
  it('changes nothing', async () => {
    const played = await world.play('killed', experiment(), {
      disturb: async ({ run, strike }) => {
        // Or later: after a worker's death an answer may take ten seconds, and the run does not wait for it.
        const reached = (step: number, stage: string) =>
          soon(async () => {
            const now = await status(run);
            return now.step > step || (now.step === step && now.stage === stage) || undefined;
          });
        await reached(1, 'update');
        await strike('worker');
        await reached(2, 'rollout');
        await strike('worker');
      },
    });
    const { base, policy } = through.summary;
    expect(policy.weights.sha256).not.toBe(base.policy.weights.sha256);
    expect(differences(calm, await outcomeOf(played))).toEqual([]);
    expect(madeTwice(played)).toEqual([]);
  }, 300_000);
});

describe('a run that is ended', () => {
  it('continues after its last step when terminated, with the weights of an undisturbed run', async () => {
    const played = await world.play('ended', experiment(), {
      end: async (handle) => {
        await soon(async () => (await status(handle)).step >= 2 || undefined);
        await handle.terminate('ended by the test');
        return (await opened('ended', handle)).resume;
      },
    });
    const { weights, optimizer, series } = await outcomeOf(played);
    expect({ weights, optimizer, series }).toEqual(pick(calm));
    expect(madeTwice(played)).toEqual([]);
  }, 300_000);

  it('can be forked: the same config gives the same weights; verdicts are not paid again', async () => {
    const { home, summary: parent } = through;
    const fork = (overrides: object) => ({ overrides, fork: { run: parent.runKey, step: 2 } });
    const same = await world.play('same', fork({}), { home });
    expect(same.summary.policy.weights.sha256).toBe(parent.policy.weights.sha256);
    expect([...same.answered.values()]).toEqual([]);
    // One home, one journal: what the fork did stands after what its parent did.
    const own = same.journal.slice(through.journal.length);
    expect(own.filter((line) => line.startsWith('make runs/')).length).toBeGreaterThan(0);
    expect(own.filter((line) => line.startsWith('make clips/'))).toEqual([]);
    const other = await world.play('other', fork({ 'algorithm.beta': 0.5 }), { home });
    expect(other.summary.steps).toBe(4);
    expect(other.summary.policy.weights.sha256).not.toBe(parent.policy.weights.sha256);
    expect(other.answered.size).toBeLessThan(through.answered.size);
  }, 300_000);
});

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
        const place = { runKey: run, step, round: 0, part: 0 };
        const { rollout } = await value(keyOf('rolloutOutput', place), RolloutGroupsOutput);
        const whole = await store.readJson(rollout, Rollout);
        await flipBit(store, rollout);
        await world.judge.start();
        await handle.signal('resume');
        await expect(handle.result()).rejects.toMatchObject({
          cause: { type: 'CorruptArtifact', message: expect.stringContaining(`${rollout.uri} is damaged`) },
        });
        expect(whole.step).toBe(step);
        return resume;
      },
    });
    const { weights, optimizer, series } = await outcomeOf(played);
    expect({ weights, optimizer, series }).toEqual(pick(calm));
  }, 300_000);
});

describe('a store is damaged while a run is down', () => {
  it('what its steps, its dataset and its start lie in is made again, with the same bytes', async () => {
    const damaged: ArtifactRef[] = [];
    const played = await world.play('down', experiment(), {
      end: async (handle) => {
        const { store, run, value, resume } = await opened('down', handle);
        const { policy, reference, evaluations } = await value(
          keyOf('progress', { runKey: run, step: 2 }),
          RunProgress,
        );
        await handle.terminate('ended by the test');
        const { scored } = await value(keyOf('record', { runKey: run, step: 2 }), StepRecord);
        const [{ rollout, verdicts }] = await store.readJson(scored!, z.tuple([ScoredRollout]));
        const { manifest } = await value(keyOf('dataset', { runKey: run }), PrepareDatasetOutput);
        const { heldOut } = await store.readJson(manifest, DatasetManifest);
        const { video } = heldOut[0]!;
        const last = evaluations.at(-1)!;
        expect(last.step).toBe(2);
        damaged.push(policy.weights, policy.optimizer!, reference.weights, rollout, verdicts, manifest);
        damaged.push(last.captions, last.details, ...('artifact' in video ? [video.artifact] : []));
        for (const ref of damaged) await flipBit(store, ref);
        return resume;
      },
    });
    const { weights, optimizer, series, base, trained } = await outcomeOf(played);
    expect({ weights, optimizer, series }).toEqual(pick(calm));
    expect({ base, trained }).toEqual({ base: calm.base, trained: calm.trained });
    const store = new ArtifactStore(join(played.home, 'store'));
    expect(await store.firstDamaged(damaged)).toBeUndefined();
  }, 300_000);
});
