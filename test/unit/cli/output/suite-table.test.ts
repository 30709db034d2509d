import { expect, test } from 'vitest';
import { dream1k } from '../../../../benchmarks/dream1k/dream1k.ts';
import { suiteLines, suiteTable } from '../../../../cli/output/suite-table.ts';

test('our numbers stand with their bounds beside the published ones', () => {
  const metrics = { f1: 31.24, f1Low: 28.9, f1High: 33.4, recall: 30, precision: 32.6 };
  const lines = suiteTable({ tiny: metrics }, { ...dream1k, published: dream1k.published.slice(2) }).split('\n');
  expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual([
    ['DREAM-1K (AutoDQ)', 'tiny', 'Tarsier2-7B', 'Tarsier2-Recap-7B'],
    [expect.stringMatching(/^-+$/), expect.any(String), expect.any(String), expect.any(String)],
    ['F1', '31.2 [28.9, 33.4]', '42.0', '40.7'],
    ['Recall', '30.0', '41.7', '39.5'],
    ['Precision', '32.6', '42.3', '42.0'],
  ]);
});

test('VideoCap-R1 comes first wherever its authors stand', () => {
  const published = dream1k.published.toReversed();
  const [head] = suiteTable({ tiny: { f1: 1 } }, { ...dream1k, published }).split('\n');
  expect(head).toMatch(/tiny +VideoCap-R1 \(Qwen2-VL-7B, GRPO\) +GPT-4o$/);
});

test('shows every policy of a run, and warns of each that too few items were scored of', () => {
  const ref = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
  const judge = { model: 'm', prompts: [{ name: 'event-entailment.v1', sha256: '0123456789abcdef'.repeat(4) }] };
  const at = (step: number, f1: number, scored: number) => ({
    suites: [
      {
        ...{ suite: 'dream1k' as const, step, metrics: { f1 }, judge, result: ref, report: ref, drillDown: ref },
        counts: { items: 10, scored, withoutCaption: 0, unscorable: 10 - scored, missing: 0 },
      },
    ],
  });
  const lines = suiteLines('dream1k', { base: at(0, 20, 10), trained: at(9, 25, 2) }).join('\n');
  expect(lines).toMatch(/DREAM-1K \(AutoDQ\) +base +trained +VideoCap-R1/);
  expect(lines).toMatch(/F1 +20\.0 +25\.0 +34\.2/);
  expect(lines).toContain('  base: 10 of 10 items scored\n  trained: 2 of 10 items scored, 8 unscorable\n');
  expect(lines.match(/ {2}Judge: m; prompts: event-entailment\.v1 \(sha256 0123456789ab\)\n/g)).toHaveLength(1);
  expect(lines.match(/WARNING: Only 2 of 10 items/g)).toHaveLength(1);
});

test('names the file that the captions are from, and warns of predictions', () => {
  const ref = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
  const counts = { items: 1, scored: 1, withoutCaption: 0, unscorable: 0, missing: 0 };
  const captions = { by: 'file', file: 'p.jsonl', sha256: 'ab'.repeat(32), captions: 1 } as const;
  const result = {
    ...{ suite: 'vdc' as const, step: 0, metrics: { accuracy: 20 }, counts, judge: { model: 'm', prompts: [] } },
    ...{ result: ref, report: ref, drillDown: ref, warnings: ['2 of the predictions are of no clip.'] },
    madeWith: { captions, quirks: [], variants: ['answerOnly'] },
  };
  expect(suiteLines('vdc', { 'p.jsonl': { suites: [result] } }).slice(-3)).toEqual([
    '  p.jsonl: 1 of 1 items scored',
    '  Made with: 1 captions of p.jsonl (sha256 abababababab); judge m; quirks none; own variants answerOnly',
    '  WARNING: 2 of the predictions are of no clip.',
  ]);
});

test('says in words what others published without values', () => {
  const ref = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
  const counts = { items: 1, scored: 1, withoutCaption: 0, unscorable: 0, missing: 0 };
  const judge = { model: 'm', prompts: [] };
  const result = { step: 0, metrics: { meanF1: 20 }, counts, judge, result: ref, report: ref, drillDown: ref };
  const lines = suiteLines('carebench', { tiny: { suites: [{ suite: 'carebench', ...result }] } }).join('\n');
  expect(lines).toContain('states gains only, over its own Qwen2-VL-7B: action F1 +3.1, object F1 +6.9 points.');
});
