import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import type { ClipResult } from '../../../benchmarks/held-out.ts';
import { clipsOfArms } from '../../../report/sweep-clips.ts';
import { sweepPage } from '../../../report/sweep-page.ts';
import { type MeasuredRun, sweepTable } from '../../../report/sweep-table.ts';

/** A run whose captions of the clips entail so much of their events. */
function run(arm: string, seed: number, recalls: number[], more: Partial<MeasuredRun> = {}): MeasuredRun {
  const clips = recalls.map(
    (value, i): ClipResult => ({
      ...{ sampleId: `clip ${i}`, caption: `${arm} <b>${i}`, tokens: 5, format: 1, rewards: {} },
      ...{ events: ['a dog runs'], event: { recall: value, precision: value } },
    }),
  );
  return {
    ...{ arm, condition: 'all', seed, state: 'finished', judgeCalls: 0, judgeUsd: 0, seconds: 1 },
    measured: { suite: 'held-out', judge: { name: 'rules', isLlm: false, prompts: [] }, clips },
    ...more,
  };
}

const RUNS = [
  run('sft', 1, [0.5, 0, 1]),
  run('grpo', 1, [0, 0, 0], { state: 'failed' }),
  run('sft', 2, [0, 0, 0]),
  run('grpo', 2, [0.4, 1, 1]),
];

test('the captions of arms stand side by side, from the clip on which they differ most', () => {
  const [all] = clipsOfArms(RUNS, 'eventF1');
  expect(all!.arms).toEqual([
    { arm: 'sft', seed: 1 },
    { arm: 'grpo', seed: 2 },
  ]);
  expect(all!.clips.map(({ sampleId, answers }) => [sampleId, ...answers.map((answer) => answer?.score)])).toEqual([
    ['clip 1', 0, 100],
    ['clip 0', 50, 40],
    ['clip 2', 100, 100],
  ]);
  expect(all!.more).toBe(0);
  const many = clipsOfArms([run('a', 1, Array(30).fill(0)), run('b', 1, Array(28).fill(0.5))], 'eventF1');
  expect([many[0]!.clips.length, many[0]!.more]).toEqual([20, 10]);
});

test('one arm alone has nothing beside it', () => {
  expect(clipsOfArms([run('sft', 1, [1])], 'eventF1')).toEqual([]);
});

test('the page of a sweep has them as text, under headings that links can lead to', async () => {
  const none = { used: 0, made: 0 };
  const shared = { videos: none, answers: { used: 0, paid: 0 }, startCaptions: none };
  const table = await sweepTable({ name: 's', metric: 'eventF1', reference: 'sft', shared, runs: RUNS });
  const { document } = parseHTML(sweepPage(table, clipsOfArms(RUNS, 'eventF1')));
  const rows = [...document.querySelectorAll('.captions tr')].map((row) =>
    [...row.children].map(({ textContent }) => textContent.trim()),
  );
  expect(rows.slice(0, 2)).toEqual([
    ['clip', 'sft, seed 1', 'grpo, seed 2'],
    ['clip 1a dog runs', 'sft <b>10.0', 'grpo <b>1100.0'],
  ]);
  const ids = [...document.querySelectorAll('h2')].map(({ id }) => id);
  expect(ids).toContain('captions-all');
  expect(ids).not.toContain('');
  expect(new Set(ids).size).toBe(ids.length);
});
