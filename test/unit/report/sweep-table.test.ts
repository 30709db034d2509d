import { describe, expect, test } from 'vitest';
import type { ClipResult, HeldOutDetails } from '../../../benchmarks/held-out.ts';
import { uniformAt } from '../../../core/random.ts';
import { sweepMarkdown } from '../../../report/sweep-markdown.ts';
import { type MeasuredRun, sweepTable } from '../../../report/sweep-table.ts';
import { naming } from '../../refusal.ts';

const CLIPS = 60;
const shared = {
  videos: { used: 400, made: 100 },
  answers: { used: 90, paid: 30 },
  startCaptions: { used: 4, made: 1 },
};

/** A run whose captions entail so much of the events, give or take chance. */
function run(arm: string, seed: number, recall: number, more: Partial<MeasuredRun> = {}): MeasuredRun {
  const clips = Array.from({ length: CLIPS }, (_, i): ClipResult => {
    const value = Math.min(1, Math.max(0, recall + (uniformAt(seed, [arm, i]) - 0.5) / 5));
    return { sampleId: `c${i}`, tokens: 5, format: 1, rewards: {}, event: { recall: value, precision: value } };
  });
  const measured: HeldOutDetails = { suite: 'held-out', judge: { name: 'rules', isLlm: false, prompts: [] }, clips };
  return {
    ...{ arm, condition: 'all', seed, state: 'finished', run: `${arm}-${seed}`, measured },
    ...{ judgeCalls: 10, judgeUsd: 0.25, seconds: 60 },
    ...more,
  };
}

const table = (runs: MeasuredRun[]) => sweepTable({ name: 's', metric: 'eventF1', reference: 'sft', shared, runs });
const seeds = [1, 2, 3, 4, 5];

describe('the table of a sweep', () => {
  test('has mean and deviation over seeds, and what the runs of an arm cost', async () => {
    const { conditions } = await table([run('sft', 1, 0.5), run('sft', 2, 0.6), run('grpo', 1, 0.7)]);
    const [sft, grpo] = conditions[0]!.rows;
    expect(sft).toMatchObject({ arm: 'sft', seeds: [1, 2], judgeCalls: 20, judgeUsd: 0.5, seconds: 120 });
    expect(sft!.mean).toBeGreaterThan(53);
    expect(sft!.mean).toBeLessThan(57);
    // Of two values, 10 points apart, give or take chance: 10 / sqrt(2).
    expect(Math.abs(sft!.deviation! - 7.07)).toBeLessThan(1);
    expect(sft!.against).toBeUndefined();
    expect(grpo).toMatchObject({ deviation: null, against: { clips: CLIPS } });
  });

  test('says which arms are ahead and behind, and which cannot be told, by the corrected p-values', async () => {
    const { verdict, conditions } = await table(
      seeds.flatMap((seed) => [
        run('sft', seed, 0.5),
        run('better', seed, 0.6),
        run('worse', seed, 0.4),
        run('same', seed, 0.5),
      ]),
    );
    expect(verdict.join(' ')).toMatch(
      /^eventF1: ahead of sft: better by .*behind sft: worse by .*can be told of same\. .*p < 0.05 \(3 comparisons, .*/,
    );
    const [, better, , same] = conditions[0]!.rows;
    expect(better!.against!.corrected).toBeLessThan(0.05);
    expect(better!.against!.corrected).toBeGreaterThanOrEqual(better!.against!.p);
    expect(same!.against!.corrected).toBeGreaterThan(0.05);
    expect(same!.against!.smallest).toBeGreaterThan(0);
    expect(same!.against!.smallest).toBeLessThan(5);
  });

  test('counts only finished runs, lists the others, and warns of what is too few', async () => {
    const { warnings, leftOut, conditions } = await table([
      run('sft', 1, 0.5),
      run('grpo', 1, 0.5),
      run('grpo', 2, 0.9, { state: 'stopped', reason: 'a user stopped it' }),
      run('gspo', 1, 0.9, { state: 'failed', reason: 'no memory', measured: undefined }),
    ]);
    expect(conditions[0]!.rows.map(({ arm, seeds: own }) => [arm, own.length])).toEqual([
      ['sft', 1],
      ['grpo', 1],
      ['gspo', 0],
    ]);
    expect(leftOut.map(({ run: name, state }) => `${name}: ${state}`)).toEqual([
      'grpo, all, seed 2: stopped',
      'gspo, all, seed 1: failed',
    ]);
    expect(warnings.join('\n')).toEqual(naming('gspo', 'sft, grpo', '60 held-out clips', '2 runs'));
  });

  test('compares on the clips that every run of both arms has a score for, and says so', async () => {
    const part = run('grpo', 1, 0.5);
    delete part.measured!.clips[0]!.event;
    const { conditions, warnings } = await table([run('sft', 1, 0.5), part]);
    expect(conditions[0]!.rows[1]!.against!.clips).toBe(CLIPS - 1);
    expect(warnings.some((warning) => warning.includes('grpo') && warning.includes('did not score'))).toBe(true);
  });

  test('without a result of the reference arm claims nothing', async () => {
    const [verdict] = (await table([run('grpo', 1, 0.5)])).verdict;
    expect(verdict).toMatch(/^Nothing can be compared with sft/);
  });

  test('as Markdown has the published rows beside ours, marked as other; names cannot break it', async () => {
    const text = sweepMarkdown(await table([run('sft', 1, 0.5), run('a|b<script>', 1, 0.6)]));
    expect(text).toContain('| a\\|b\\<script\\> | 1 |');
    expect(text).toContain('another model (Qwen2-VL-7B), other data and other benchmarks');
    expect(text).toContain('| VideoCap-R1 (GRPO) (published) | - | 34.2 | 43.8 | 36.7 |');
    expect(text).toMatch(/\| sft \| [\d.]+ \| - \| - \| 34.2 \|/);
    expect(text).toContain('400 in the data sets of all runs, 100 made');
  });

  test('is the same every time', async () => {
    const runs = [run('sft', 1, 0.5), run('grpo', 1, 0.52), run('grpo', 2, 0.54)];
    expect(await table(runs)).toEqual(await table(runs));
  });
});
