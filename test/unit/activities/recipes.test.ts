import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PassedSteps } from '../../../activities/passed-steps.ts';
import { isRecipe, policyFiles } from '../../../activities/policy-files.ts';
import { createRolloutActivities } from '../../../activities/rollout.ts';
import { createStartActivities } from '../../../activities/start.ts';
import { collectGarbage } from '../../../cli/gc/collect.ts';
import { Recipe } from '../../../contracts/recipe.ts';
import type { CompletionBatch, PolicyEngine } from '../../../core/policy-engine.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { nameIn } from '../../../core/stored-ref.ts';
import { refusal } from '../../refusal.ts';
import { progressOf, runWithRecipes, stepsOf } from './recipe-stage.ts';

const runKey = 'r';

describe('steps between two checkpoints with files', () => {
  test('have recipes, whose policy is rebuilt from the files before, by the same updates', async () => {
    const { store, engine, policies } = await runWithRecipes(5);
    expect(policies.map(isRecipe)).toEqual([false, true, true, false, true, true]);
    const { weights, optimizer, replay } = await policyFiles({ store, engine }, policies[5]!);
    expect([weights.sha256, optimizer?.sha256]).toEqual([policies[3]!.weights.sha256, policies[3]!.optimizer?.sha256]);
    expect(stepsOf(replay)).toEqual([4, 5]);
    const { step, batch } = await replay![1]!.request();
    expect(step).toBe(5);
    expect((batch as CompletionBatch).groups[0]!.completions.map(({ advantage }) => advantage)).toEqual([5, -5]);
    expect((await policyFiles({ store, engine }, policies[3]!)).replay).toBeUndefined();
  });

  test('end in the checkpoints of a run that writes all of them', async () => {
    const [all, some] = [await runWithRecipes(6, { every: 1 }), await runWithRecipes(6)];
    expect(some.policies[6]).toEqual(all.policies[6]);
  });

  test('are whole as long as what they are rebuilt from is', async () => {
    const { store, policies } = await runWithRecipes(5);
    expect(await store.firstDamaged(policies[5])).toBeUndefined();
    const { weights } = policies[3]!;
    await store.storage.remove({ kind: 'content', key: nameIn(weights) });
    expect(await store.firstDamaged(policies[5])).toEqual(weights);
    expect((await progressOf(store).findProgress({ run: runKey })).progress?.step).toBe(0);
  });

  test('keep the recipe before an update that was not made, and files where it becomes the reference', async () => {
    const { store, engine, policies } = await runWithRecipes(5, { refresh: 5, stopped: [2, 5] });
    expect(policies[2]!.weights.sha256).toBe(policies[1]!.weights.sha256);
    expect(policies[2]!.weights.uri).toContain('step-000002/recipe.');
    expect(isRecipe(policies[5]!)).toBe(false);
    const { replay } = await policyFiles({ store, engine }, policies[4]!);
    expect(stepsOf(replay)).toEqual([4]);
  });

  test('are refused by an engine that cannot follow them', async () => {
    const { store, engine, policies } = await runWithRecipes(5);
    const { rebuild: _, ...other } = engine;
    await expect(policyFiles({ store, engine: other as PolicyEngine }, policies[5]!)).rejects.toThrow(
      refusal('InvalidInput', 'Step 5 of run r', '"onnx"', 'step 3'),
    );
  });

  test('go with the files that they are rebuilt from', async () => {
    const { store } = await runWithRecipes(8);
    const has = async (kind: 'recipe' | 'checkpointWeights', step: number) =>
      (await store.find(keyOf(kind, { runKey, step }))) ? [step] : [];
    const lying = async (kind: 'recipe' | 'checkpointWeights') =>
      (await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((step) => has(kind, step)))).flat();
    expect(await lying('checkpointWeights')).toEqual([6]);
    expect(await lying('recipe')).toEqual([7, 8]);
    // A run that was reset comes by them again.
    expect((await new PassedSteps(store).output(runKey, 4))?.metrics).toEqual({ loss: 4 });
    expect(await new PassedSteps(store).output(runKey, 7)).toBeUndefined();
  });
});

test('videocap gc keeps what the end of a finished run is rebuilt from', async () => {
  const { store, policies } = await runWithRecipes(5);
  const known = [{ workflowId: runKey, executionId: 'e', runKey, state: 'completed', startTime: 0 } as const];
  const now = Date.now() + 10 * 86_400_000;
  await collectGarbage({ storage: store.storage, home: 'unused', known, cacheDays: 7, dryRun: false, now });
  expect(await store.firstDamaged(policies[5])).toBeUndefined();
  expect(await store.find(keyOf('update', { runKey, step: 5 }))).toBeUndefined();
});

describe('a run continues from such a step', () => {
  test('where it was resumed, without another update than those since the files', async () => {
    const { store, step, policies, replays } = await runWithRecipes(5);
    const { progress } = await progressOf(store).findProgress({ run: runKey });
    expect(progress!.policy).toEqual(policies[5]);
    const earlier = replays.length;
    await step(6, progress!.policy);
    expect(replays.slice(earlier)).toEqual([4, 5]);
  });

  test('as a fork, which has copies of what its parent removes', async () => {
    const { store, policies, step } = await runWithRecipes(5);
    const fork = { from: { run: runKey, step: 5 }, runKey: 'child', overrides: {} };
    const { progress } = await progressOf(store).forkProgress(fork);
    expect(progress.policy.weights.uri).toContain('runs/child/checkpoints/step-000005/recipe.');
    const expected = await step(6, policies[5]!);
    for (const [at, kind] of [
      [3, 'checkpointWeights'],
      [3, 'checkpointOptimizer'],
      [4, 'recipe'],
      [5, 'recipe'],
    ] as const)
      await store.remove(keyOf(kind, { runKey, step: at }));
    expect(await store.firstDamaged(progress.policy)).toBeUndefined();
    expect((await step(6, progress.policy, 'child')).weights.sha256).toBe(expected.weights.sha256);
  });

  test('as another run, whose start weights are rebuilt', async () => {
    const { store, engine, policies } = await runWithRecipes(5);
    const { policy, trainedFrom } = await createStartActivities({ store }).findStart({
      ...{ runKey: 'new', model: 'run:r@5' },
    });
    expect(trainedFrom.weights).toBe((await store.readJson(policies[5]!.weights, Recipe)).digest);
    const { loadPolicy } = createRolloutActivities({ store, engine });
    const started = await loadPolicy({ runKey: 'new', policy: { model: 'run:r@5' }, reference: policy });
    expect(started.policy.weights.uri).toContain('policies/');
    const folder = await mkdtemp(join(tmpdir(), 'videocap-rebuilt-'));
    const { weights } = await engine.rebuild!(await policyFiles({ store, engine }, policies[5]!), folder);
    expect((await store.read(started.policy.weights)).toString()).toBe(await readFile(weights.path, 'utf8'));
  });

  test('not from one whose files are gone: the message names those that there are', async () => {
    const { store } = await runWithRecipes(8, { keepEvery: 4 });
    // Step 4 is rebuilt from step 3; step 5 lies between them and the last two.
    const fork = (step: number) => ({ from: { run: runKey, step }, runKey: `child-${step}`, overrides: {} });
    expect((await progressOf(store).forkProgress(fork(4))).progress.step).toBe(4);
    const without = await runWithRecipes(8);
    await expect(progressOf(without.store).forkProgress(fork(4))).rejects.toThrow(
      refusal('InvalidInput', 'step 4;', 'at 0, 6, 7, 8 ('),
    );
  });
});
