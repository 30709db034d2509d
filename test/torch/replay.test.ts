import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { isRecipe } from '../../activities/policy-files.ts';
import { Recipe } from '../../contracts/recipe.ts';
import { VideocapError } from '../../core/errors.ts';
import { createEngine } from '../../policy/engines.ts';
import { torchEnvironment } from '../../policy/torch/torch-environment.ts';
import { refusal } from '../refusal.ts';
import { playedRun } from './played-run.ts';
import { rankProcesses } from './rank-processes.ts';

const engine = createEngine('torch');
afterAll(() => engine.close());

test('a rank that dies between two checkpoints costs the updates since the files, and changes nothing', async () => {
  const all = await playedRun(engine);
  const expected = await all.steps(1, 6, all.start);

  let kill = false;
  const some = await playedRun(engine, {
    section: { checkpointEvery: 3 },
    onProgress: ({ what }) => {
      if (!kill || what !== 'gradients') return;
      kill = false;
      process.kill(rankProcesses()[0]!, 'SIGKILL');
    },
  });
  const made = await some.steps(1, 4, some.start);
  expect(made.map(isRecipe)).toEqual([true, true, true, true]);
  // The files of step 3 were written beside step 4, and are those of a run that waits for its files.
  const files = await some.filesAfter(3);
  expect(files).toEqual({ weights: expected[2]!.weights, optimizer: expected[2]!.optimizer });
  expect((await some.store.readJson(made[3]!.weights, Recipe)).update.policy).toMatchObject(files!);
  await some.sample(5, made[3]!);
  kill = true;
  const killed = Date.now();
  await expect(some.step(5, made[3]!)).rejects.toMatchObject({ code: 'Unavailable' });
  console.info(`The call failed ${((Date.now() - killed) / 1000).toFixed(1)} s after it began.`);

  const before = some.asked.length;
  const fifth = await some.step(5, made[3]!);
  const sixth = await some.step(6, fifth);
  expect(sixth).toEqual(expected[5]);
  // Steps 4 and 5 were sampled once; the fresh group made the update of step 4 again from the files of step 3.
  expect(some.asked.slice(before).filter((name) => name === 'generate')).toHaveLength(1);
  expect((await some.store.readJson(fifth.weights, Recipe)).update.step).toBe(5);
});

test('a rank that dies while files are written costs the updates since the last, and changes nothing', async () => {
  const run = await playedRun(engine, { section: { checkpointEvery: 2, ranks: 2 } });
  const [, second, third] = await run.steps(1, 3, run.start);
  const files = await run.filesAfter(2);

  // What the ranks write beside does not arrive: one of them dies as soon as the update has its digest.
  const killing = new Proxy(engine, {
    get: (target, name) =>
      name !== 'update'
        ? Reflect.get(target, name).bind(target)
        : async (...args: Parameters<typeof engine.update>) => {
            const found = await engine.update(...args);
            if (!('files' in found)) return found;
            process.kill(rankProcesses().at(-1)!, 'SIGKILL');
            await expect.poll(rankProcesses, { timeout: 20_000 }).toEqual([]);
            await engine.identity('tiny', args[0].engine).catch(() => {}); // the driver notices at the next call
            const lost = Promise.reject(new VideocapError('Unavailable', 'A rank has died.'));
            lost.catch(() => {});
            return { ...found, files: lost };
          },
  });
  const struck = await playedRun(killing, { section: { checkpointEvery: 2, ranks: 2 } });
  const made = await struck.steps(1, 2, struck.start);
  expect(made[1]).toEqual(second);
  expect(await struck.filesAfter(2)).toBeUndefined();
  const before = struck.asked.length;
  expect(await struck.step(3, made[1]!)).toEqual(third);
  expect(await struck.filesAfter(2)).toEqual(files);
  expect(struck.asked.slice(before).filter((name) => name === 'generate')).toHaveLength(1);
});

test('a rank that dies between two requests fails the next one alone, and each update is made again once', async () => {
  const made: string[] = [];
  const run = await playedRun(engine, { section: { checkpointEvery: 4 }, onProgress: ({ what }) => made.push(what) });
  const policies = await run.steps(1, 3, run.start);
  expect(made.filter((what) => what.includes('again'))).toEqual([]);
  process.kill(rankProcesses()[0]!, 'SIGKILL');
  await expect(run.step(4, policies[2]!)).rejects.toMatchObject({ code: 'Unavailable' });
  await run.step(4, policies[2]!);
  const again = made.filter((what) => what.startsWith('gradients') && what.includes('again'));
  const { iterations } = run.algorithm;
  expect(again).toEqual([1, 2, 3].flatMap((step) => Array(iterations).fill(`gradients, step ${step} again`)));
});

test('a recipe that was changed, or cannot be made again, is refused with both digests', async () => {
  const run = await playedRun(engine, { section: { checkpointEvery: 3 } });
  const [first] = await run.steps(1, 1, run.start);
  const { digest, update } = await run.store.readJson(first!.weights, Recipe);
  const forged = '0123456789abcdef'.repeat(4);
  const weights = await run.store.putJson('runs/forged/checkpoints/step-000001/recipe.json', {
    update,
    digest: forged,
  });
  await expect(run.sample(2, { ...first!, weights })).rejects.toThrow(
    refusal(
      'ReplayDiffers',
      'Step 1 of run r',
      digest.slice(0, 12),
      forged.slice(0, 12),
      'videocap fork r --at-step 0',
    ),
  );
  // The ranks hold another policy than was asked for; the next call is right all the same.
  await run.step(2, first!);
});

test('an exported policy gives the same scores in transformers, at the positions of its model card', async () => {
  const run = await playedRun(engine, { section: { checkpointEvery: 3 } });
  const [, second] = await run.steps(1, 2, run.start);
  expect(isRecipe(second!)).toBe(true);
  const { folder } = await run.exportPolicy({ runKey: 'r', policy: second! });
  const { python, packageFolder } = torchEnvironment();
  const tests = join(packageFolder, 'tests');
  const { stdout, stderr } = spawnSync(python, [join(tests, 'engine', 'exported_logits.py'), folder], {
    encoding: 'utf8',
    cwd: packageFolder,
    env: { ...process.env, PYTHONPATH: [packageFolder, tests, resolve(tests, 'engine')].join(':') },
  });
  const { apart, tokens } = JSON.parse(stdout.trim().split('\n').at(-1) || `"${stderr}"`);
  console.info(`Scores of ${tokens} tokens differ by at most ${apart}.`);
  expect(apart).toBeLessThan(1e-5);
});

test('a rank that is stuck is given up with its group, and a fresh group goes on', async () => {
  const stuck = new AbortController();
  let signal: AbortSignal | undefined;
  const run = await playedRun(engine, { section: { ranks: 2 }, signal: () => signal ?? new AbortController().signal });
  await run.sample(1, run.start);
  const [, last] = rankProcesses();
  process.kill(last!, 'SIGSTOP');
  signal = stuck.signal;
  const call = run.sample(2, run.start);
  setTimeout(() => stuck.abort(new VideocapError('Stuck', 'It has made no progress.')), 1000);
  const begun = Date.now();
  await expect(call).rejects.toMatchObject({ code: 'Stuck' });
  const seconds = (Date.now() - begun) / 1000;
  console.info(`The call failed after ${seconds.toFixed(1)} s.`);
  expect(seconds).toBeLessThan(5);
  signal = undefined;
  expect((await run.sample(2, run.start)).completions).toBe(4);
  expect(existsSync(`/proc/${last}`), 'the stuck rank').toBe(false);
});
