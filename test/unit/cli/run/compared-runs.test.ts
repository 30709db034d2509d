import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { armsOf, type ComparedRun, readRuns, stepNotes } from '../../../../cli/run/compared-runs.ts';
import { loadConfig } from '../../../../configs/load-config.ts';
import type { RunProgress } from '../../../../contracts/run-state.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { keyOf } from '../../../../core/store-layout.ts';
import { refusal } from '../../../refusal.ts';
import { type SyntheticRun, syntheticRun } from '../../report/synthetic-run.ts';

let folder: string;
let store: ArtifactStore;
let synthetic: SyntheticRun;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-compared-'));
  store = new ArtifactStore(folder);
  synthetic = await syntheticRun(store, { steps: 2, samples: 2 });
});
afterAll(() => rm(folder, { recursive: true }));

/** A run of the quickstart with these changes, whose last benchmark was after so many steps of two. */
async function run(name: string, changes: Record<string, unknown> = {}, more: Partial<RunProgress> = {}, measured = 2) {
  const config = await loadConfig('quickstart', { 'algorithm.steps': 2, ...changes });
  const evaluations = [0, measured].map((step) => ({ ...synthetic.evaluations[0]!, step }));
  return { run: name, progress: { config, evaluations, ...more } as RunProgress } satisfies ComparedRun;
}

const place = (sweep: string, seed: number) => ({ sweep: { sweep, name: 's', arm: 'grpo', condition: 'few', seed } });
const shown = (runs: ComparedRun[]) => armsOf(runs).map(({ arm, condition, seed }) => `${arm}, ${condition}, ${seed}`);

test('runs whose configs differ in the seed, the name, tags and note alone are one arm', async () => {
  const runs = [
    await run('a-1', { seed: 1 }),
    await run('a-2', { seed: 2, name: 'other', tags: ['x'], note: 'y' }),
    await run('b-1', { seed: 1, 'algorithm.beta': 0.1 }),
  ];
  expect(shown(runs)).toEqual(['grpo, all, 1', 'grpo, all, 2', 'algorithm.beta=0.1, all, 1']);
});

test('one result does not count as two seeds', async () => {
  const runs = [await run('a-1', { seed: 1 }), await run('a-2', { seed: 1, note: 'again' })];
  expect(() => armsOf(runs)).toThrow(refusal('InvalidInput', 'a-1', 'a-2', 'seed, 1'));
});

test('the runs of one sweep have the names of its arms; of several sweeps, their configs tell arms apart', async () => {
  const own = await run('s.1', { seed: 1 }, place('s-1', 1));
  expect(shown([own, await run('s.2', { seed: 2 }, place('s-1', 2))])).toEqual(['grpo, few, 1', 'grpo, few, 2']);
  const other = await run('t.1', { seed: 1, 'algorithm.beta': 0.1 }, place('s-2', 1));
  expect(shown([own, other])).toEqual(['grpo, all, 1', 'algorithm.beta=0.1, all, 1']);
  expect(shown([own, await run('a-2', { seed: 2 })])).toEqual(['grpo, all, 1', 'grpo, all, 2']);
});

test('a run that measured an earlier policy is compared with a note; one without a trained policy is not', async () => {
  expect(stepNotes([await run('a-1'), await run('b-1', {}, {}, 1)])).toEqual(['  b-1: the policy after step 1 of 2']);
  const { policy } = synthetic.evaluations[0]!;
  const { config } = (await run('c-12345678')).progress;
  const progress: RunProgress = {
    ...{ config, step: 0, policy, reference: policy, startTime: 0, spent: { usd: 0, calls: 0 }, limits: {} },
    ...{ evaluations: synthetic.evaluations.slice(0, 1), lastMetrics: {}, mirroredStep: -1 },
  };
  await store.putJson(keyOf('progress', { runKey: 'c-12345678', step: 0 }), progress);
  await expect(readRuns(store, ['c'])).rejects.toThrow(refusal('InvalidInput', 'Run c', 'start policy'));
});
