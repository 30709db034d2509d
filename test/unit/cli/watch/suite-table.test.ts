import { expect, test } from 'vitest';
import { dream1k } from '../../../../activities/benchmark/dream1k/dream1k.ts';
import { countsLine, suiteTable } from '../../../../cli/watch/suite-table.ts';

test('our numbers stand with their bounds above the published ones', () => {
  const metrics = { f1: 31.24, f1Low: 28.9, f1High: 33.4, recall: 30, precision: 32.6 };
  const lines = suiteTable('tiny', metrics, { ...dream1k, published: dream1k.published.slice(0, 1) }).split('\n');
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['DREAM-1K (AutoDQ)', 'F1', 'Recall', 'Precision'],
    [expect.stringMatching(/^-+$/), expect.any(String), expect.any(String), expect.any(String)],
    ['tiny', '31.2 [28.9, 33.4]', '30.0', '32.6'],
    ['VideoCap-R1 (Qwen2-VL-7B, GRPO)', '34.2'],
  ]);
});

test('what became of the items, without what did not happen', () => {
  const counts = { items: 10, scored: 7, withoutCaption: 2, unscorable: 0, missing: 3 };
  expect(countsLine(counts)).toBe('7 of 10 items scored, 2 without a caption, 3 missing');
});
