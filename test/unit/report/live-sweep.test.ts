import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import type { RunProgress } from '../../../contracts/run-state.ts';
import type { SweepPlan } from '../../../contracts/sweep-plan.ts';
import type { SweepRunStatus } from '../../../contracts/sweep-status.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { LiveSweep } from '../../../report/live-sweep.ts';
import { temporaryStore } from '../activities/stage-store.ts';
import { syntheticRun } from './synthetic-run.ts';

const SWEEP = 'my-sweep-0a1b2c3d';
const STEPS = 2;
const arm = (name: string) => ({ name, set: {}, seeds: [1, 2], calls: 0, steps: STEPS });
const PLAN: SweepPlan = {
  ...{
    name: 'my-sweep',
    config: 'quickstart',
    set: {},
    metric: 'eventF1',
    reference: 'sft',
    concurrency: 1,
    budget: {},
  },
  ...{ conditions: [{ name: 'few', set: {} }], arms: [arm('sft'), arm('grpo <i>')] },
};

async function sweep() {
  const store = await temporaryStore();
  const { config, evaluations, records } = await syntheticRun(store, { steps: STEPS, samples: 4 });
  const { policy } = evaluations[0]!;
  return {
    live: new LiveSweep(store, SWEEP),
    /** A run has come to a step. */
    async made(id: string, step: number) {
      const runKey = `${SWEEP}.${id}`;
      for (const record of records.slice(0, step + 1)) {
        await store.putJson(keyOf('record', { runKey, step: record.step }), { ...record, scored: undefined });
        const progress: RunProgress = {
          ...{ config, step: record.step, policy, reference: policy, startTime: 0, limits: {}, lastMetrics: {} },
          ...{ spent: { usd: 0, calls: 0 }, evaluations: evaluations.filter((each) => each.step <= record.step) },
          mirroredStep: -1,
        };
        await store.putJson(keyOf('progress', { runKey, step: record.step }), progress);
      }
    },
  };
}

/** What a reader sees of a page. */
function seen(page: string) {
  const { document } = parseHTML(page);
  const rows = [...document.querySelectorAll('section[aria-labelledby=runs] tbody tr')];
  return {
    facts: document.querySelector('.facts')!.textContent.replaceAll(/\s+/g, ' '),
    verdict: document.querySelector('.verdict')!.textContent,
    goesOn: document.querySelector('main')!.hasAttribute('data-goes-on'),
    runs: rows.map((row) => [...row.querySelectorAll('th, small')].map(({ textContent }) => textContent.trim())),
    headings: [...document.querySelectorAll('h2')].map(({ id }) => id),
  };
}

test('a sweep has a page from its plan on, which shows its arms side by side', async () => {
  const { live, made } = await sweep();
  const first = seen(await live.page({ plan: PLAN, goesOn: true }));
  expect(first.goesOn).toBe(true);
  expect(first.facts).toContain('2 arms 1 condition goes on: 0 of 4 runs have ended');
  expect(first.runs[0]).toEqual(['sft', 'seed 1: waiting', 'seed 2: waiting']);
  expect(first.verdict).toContain('too few runs');
  expect(first.headings).toEqual(['runs', 'how-to-read']);

  await made('sft.few.s1', 1);
  const second = seen(await live.page({ plan: PLAN, goesOn: true }));
  expect(second.runs[0]).toEqual(['sft', 'seed 1: running, step 1 of 2', 'seed 2: waiting']);

  await made('sft.few.s1', 2);
  await made('grpo <i>.few.s1', 2);
  const page = await live.page({ plan: PLAN, goesOn: true });
  const third = seen(page);
  expect(third.facts).toContain('2 of 4 runs have ended');
  expect(third.runs).toEqual([
    ['sft', 'seed 1: finished', 'seed 2: waiting'],
    ['grpo <i>', 'seed 1: finished', 'seed 2: waiting'],
  ]);
  expect(third.verdict).toContain('no difference to sft');
  expect(third.headings).toContain('condition-few');
  expect(await live.page({ plan: PLAN, goesOn: true })).toBe(page);
});

test('what the sweep says of its runs is shown, and decides which of them count', async () => {
  const { live, made } = await sweep();
  await made('sft.few.s1', 2);
  await made('grpo <i>.few.s1', 2);
  await made('sft.few.s2', 1);
  const said = (id: string, state: SweepRunStatus['state'], reason?: string): SweepRunStatus => ({
    ...{ run: `${SWEEP}.${id}`, condition: 'few', seed: 1, state },
    ...(reason !== undefined && { reason }),
  });
  const status = {
    arms: [
      { arm: 'sft', runs: [said('sft.few.s1', 'finished'), said('sft.few.s2', 'resting')] },
      { arm: 'grpo <i>', runs: [said('grpo <i>.few.s1', 'failed', 'no memory'), said('grpo <i>.few.s2', 'skipped')] },
    ],
  };
  const page = await live.page({ plan: PLAN, goesOn: true, status });
  expect(seen(page).runs).toEqual([
    ['sft', 'seed 1: finished', 'seed 2: resting, step 1 of 2'],
    ['grpo <i>', 'seed 1: failed, step 2 of 2: no memory', 'seed 2: skipped'],
  ]);
  expect(seen(page).verdict).toContain('too few runs');
  expect(seen(page).headings).toContain('left-out');
});

test('a sweep that was ended before its table has a page that does not ask for itself again', async () => {
  const { live, made } = await sweep();
  await made('sft.few.s1', 1);
  const page = seen(await live.page({ plan: PLAN, goesOn: false }));
  expect(page.goesOn).toBe(false);
  expect(page.facts).toContain('ended before its table: 0 of 4 runs have ended');
  expect(page.runs[0]).toEqual(['sft', 'seed 1: not finished, step 1 of 2', 'seed 2: not begun']);
});
