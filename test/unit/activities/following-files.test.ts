import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isRecipe, policyFiles } from '../../../activities/policy-files.ts';
import { collectGarbage } from '../../../cli/gc/collect.ts';
import { Recipe } from '../../../contracts/recipe.ts';
import type { PolicyRef } from '../../../core/policy-ref.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { nameIn } from '../../../core/stored-ref.ts';
import { progressOf, type RecipeRun, runWithRecipes, stepsOf } from './recipe-stage.ts';

const runKey = 'r';

async function filesAfter({ store }: RecipeRun, step: number) {
  const weights = await store.find(keyOf('checkpointWeights', { runKey, step }));
  const optimizer = await store.find(keyOf('checkpointOptimizer', { runKey, step }));
  return weights && optimizer && { weights, optimizer };
}

const hashes = ({ weights, optimizer }: Pick<PolicyRef, 'weights' | 'optimizer'>) => [
  weights.sha256,
  optimizer?.sha256,
];

/** What the recipe after a step says of the policy, and that before it of the one that it begins with. */
async function leadsTo({ store }: RecipeRun, { weights }: PolicyRef) {
  const { digest, update } = await store.readJson(weights, Recipe);
  const before = await store.readJson(update.policy.weights, Recipe);
  return [digest, before.digest, before.update.policy];
}

/** Makes steps of a run again, or more of them, from the policy before the first. */
async function stepsAgain(run: RecipeRun, from: number, to: number): Promise<PolicyRef[]> {
  const made = [run.policies[from - 1]!];
  for (let step = from; step <= to; step++) made.push(await run.step(step, made.at(-1)!));
  return made;
}

describe('files that follow a recipe', () => {
  test('are stored when the next step is made, and are those of an update that waits for them', async () => {
    const waits = await runWithRecipes(5);
    const run = await runWithRecipes(5, { follow: true });
    expect(run.policies.map(isRecipe)).toEqual([false, true, true, true, true, true]);
    const files = (await filesAfter(run, 3))!;
    expect(hashes(files)).toEqual(hashes(waits.policies[3]!));
    const { update } = await run.store.readJson(run.policies[4]!.weights, Recipe);
    expect(update.policy).toMatchObject(files);
    const { weights, replay } = await policyFiles(run, run.policies[5]!);
    expect([weights.sha256, stepsOf(replay)]).toEqual([files.weights.sha256, [4, 5]]);
    expect((await policyFiles(run, run.policies[3]!)).replay).toBeUndefined();
  });

  test('are not there before that: until then the recipe leads to the policy', async () => {
    const run = await runWithRecipes(3, { follow: true });
    expect(await filesAfter(run, 3)).toBeUndefined();
    expect(stepsOf((await policyFiles(run, run.policies[3]!)).replay)).toEqual([1, 2, 3]);
  });

  test.each([
    ['the ranks died', { follow: 'lost' }],
    ['the process died', { follow: true }],
    ['gc found them old', { follow: true }],
  ] as const)('are made again where %s before they were stored', async (what, { follow }) => {
    const whole = await runWithRecipes(5, { follow: true });
    const run = await runWithRecipes(3, { follow });
    const replays = what === 'the process died' ? run.restart() : run.replays;
    if (what === 'gc found them old') {
      const { storage } = run.store;
      const running = [{ workflowId: runKey, executionId: 'e', runKey, state: 'running', startTime: 0 } as const];
      const now = Date.now() + 10 * 86_400_000;
      await collectGarbage({ storage, home: 'unused', known: running, cacheDays: 7, dryRun: false, now });
    }
    const before = replays.length;
    const made = await stepsAgain(run, 4, 5);
    expect(replays.slice(before)).toEqual([1, 2, 3, 4]);
    expect((await filesAfter(run, 3))!).toEqual((await filesAfter(whole, 3))!);
    expect(await leadsTo(run, made[2]!)).toEqual(await leadsTo(whole, whole.policies[5]!));
  });

  test('go with what leads on from them, and their recipe with them', async () => {
    const run = await runWithRecipes(8, { follow: true });
    const lying = async (kind: 'recipe' | 'checkpointWeights') => {
      const found = await Promise.all(
        [1, 2, 3, 4, 5, 6, 7, 8].map((step) => run.store.find(keyOf(kind, { runKey, step }))),
      );
      return found.flatMap((ref, i) => (ref ? [i + 1] : []));
    };
    expect(await lying('checkpointWeights')).toEqual([6]);
    expect(await lying('recipe')).toEqual([6, 7, 8]);
    // What recipe 6 refers to is gone.
    expect(await run.store.firstDamaged(run.policies[6])).toBeUndefined();
    expect((await progressOf(run.store).findProgress({ run: runKey })).progress?.step).toBe(8);
  });

  test('that were damaged are made again at once, with their step', async () => {
    const run = await runWithRecipes(4, { follow: true });
    const { weights } = (await filesAfter(run, 3))!;
    await writeFile(join(run.store.storage.place, nameIn(weights)), 'torn');
    expect(await run.store.firstDamaged(run.policies[4])).toEqual(weights);
    await run.step(1, run.policies[0]!);
    await stepsAgain(run, 2, 3);
    expect(await run.store.firstDamaged(run.policies[4])).toBeUndefined();
  });

  test('are copied for an update that was not made, and for a fork', async () => {
    const run = await runWithRecipes(4, { follow: true, stopped: [4] });
    const files = (await filesAfter(run, 3))!;
    expect(hashes(run.policies[4]!)).toEqual(hashes(files));
    const { progress } = await progressOf(run.store).forkProgress({
      ...{ from: { run: runKey, step: 3 }, runKey: 'child', overrides: {} },
    });
    expect(progress.policy.weights.uri).toContain('runs/child/checkpoints/step-000003/model.');
    expect(hashes(progress.policy)).toEqual(hashes(files));
  });

  test('a fork of a step whose files are still on their way has files of its own', async () => {
    const run = await runWithRecipes(3, { follow: true });
    const { progress } = await progressOf(run.store).forkProgress({
      ...{ from: { run: runKey, step: 3 }, runKey: 'child', overrides: {} },
    });
    expect(isRecipe(progress.policy)).toBe(true);
    await run.step(4, progress.policy, 'child');
    expect(await run.store.find(keyOf('checkpointWeights', { runKey: 'child', step: 3 }))).toBeDefined();
  });
});

test('videocap gc keeps the files that stand for the end of a finished run', async () => {
  const run = await runWithRecipes(3, { follow: true });
  await run.step(4, run.policies[3]!); // made, and not recorded: the recipes before step 3 have gone
  const known = [{ workflowId: runKey, executionId: 'e', runKey, state: 'completed', startTime: 0 } as const];
  const now = Date.now() + 10 * 86_400_000;
  const { storage } = run.store;
  await collectGarbage({ storage, home: 'unused', known, cacheDays: 7, dryRun: false, now });
  expect(await run.store.firstDamaged(run.policies[3])).toBeUndefined();
  expect((await policyFiles(run, run.policies[3]!)).replay).toBeUndefined();
});
