import { describe, expect, it } from 'vitest';
import { dream1k } from '../../../../benchmarks/dream1k/dream1k.ts';
import type { Suite } from '../../../../benchmarks/suites/suite.ts';
import { fewScored } from '../../../../benchmarks/suites/suite-counts.ts';
import type { SuiteResult } from '../../../../benchmarks/suites/suite-files.ts';
import { drillDown, suiteReport } from '../../../../benchmarks/suites/suite-report.ts';
import { NO_USAGE } from '../../../../judge/usage.ts';

const hostile = 'A cat.\n\n# Result\n| F1 | 100 |\n<script>alert(1)</script> [here](http://x) `code`';
const item = { id: '1', clip: '1', video: '1.mp4' };
const result: SuiteResult = {
  ...{ suite: 'dream1k', title: 'DREAM-1K', source: 'there', subject: 'tiny, step 0', annotations: '/d/a.jsonl' },
  judge: { model: 'm|x', endpoint: 'http://judge/v1', prompts: [{ name: 'events.v1', sha256: 'ab'.repeat(32) }] },
  usage: NO_USAGE,
  quirks: {},
  counts: { items: 5, scored: 2, withoutCaption: 0, unscorable: 0, missing: 3 },
  metrics: { f1: 40, f1Low: 38.04, f1High: 42, score: 2 },
  columns: [
    { metric: 'f1', label: 'F1' },
    { metric: 'score', label: 'Score (0-5)', digits: 2 },
    { metric: 'other', label: 'Other' },
  ],
  published: [{ model: 'Theirs', metrics: { f1: 42, score: 1.5 }, source: 'a paper' }],
  tables: [
    {
      title: 'By kind',
      columns: ['Kind', 'F1', 'Score', 'Clips'],
      rows: [
        { label: 'a', values: [44, 2.5, 3] },
        { label: 'b', values: [45.25, null, 0] },
      ],
    },
  ],
  items: [
    { ...item, caption: hostile, score: { recall: 0, precision: 0, events: [hostile] } },
    ...['2', '3', '4'].map((id) => ({ ...item, id, missing: id === '4' ? 'other' : 'no video' })),
  ],
};

describe('the report', () => {
  it('has published rows under ours, with the decimals of each column', () => {
    expect(suiteReport(result)).toContain(
      [
        '|  | F1 | Score (0-5) | Other | source |',
        '| --- | ---: | ---: | ---: | --- |',
        '| **tiny, step 0** | 40.0 [38.0, 42.0] | 2.00 |  | this run, 2 items; judge m\\|x |',
        '| Theirs | 42.0 | 1.50 |  | a paper |',
      ].join('\n'),
    );
    expect(suiteReport(result)).toContain('| a | 44.0 | 2.50 | 3 |\n| b | 45.3 |  | 0 |');
  });

  it('names judge and prompts under every table', () => {
    expect(suiteReport(result).match(/^Judge: m\\\|x; prompts: events\.v1 \(sha256 abababababab\)\./gm)).toHaveLength(
      2,
    );
  });

  it('lists what is missing by reason', () => {
    expect(suiteReport(result)).toContain('## Missing: nothing to score\n\n- 2, 3: no video\n- 4: other\n');
  });

  it('says loudly when the means are about too few items', () => {
    const said = 'Only 2 of 5 items are in these numbers: compare them with no published one. The others: 3 missing;';
    expect(fewScored(result.counts)[0]).toContain(said);
    expect(suiteReport(result)).toContain(`\n> **${said}`);
    const enough = { ...result.counts, items: 100, scored: 95, unscorable: 5, missing: 0 };
    expect(fewScored(enough)).toEqual([]);
    expect(suiteReport({ ...result, counts: enough })).not.toContain('Only');
    expect(fewScored({ ...enough, scored: 94, missing: 1 })[0]).toContain('The others: 5 unscorable, 1 missing;');
  });

  it('does not list a thousand reasons', () => {
    const items = Array.from({ length: 1000 }, (_, i) => ({ ...item, id: `${i}`, missing: `there is no ${i}.mp4` }));
    expect(suiteReport({ ...result, items })).toContain('- 900 more reasons, in the JSON');
  });

  it('says what unscorable items could cost, where there are such', () => {
    expect(suiteReport(result)).not.toContain('Had every');
    const counts = { ...result.counts, unscorable: 7 };
    expect(suiteReport({ ...result, counts, worst: { f1: 30 } })).toContain(
      'With a score of no caption for each unscorable item (7): F1 30.0.',
    );
  });
});

describe('the drill-down', async () => {
  const items = result.items.map(({ id }) => ({ ...item, id, category: 'videvo', reference: 'A cat runs.' }));
  const text = await drillDown(dream1k as Suite, items, result);

  it('shows every item in the file’s order, and which of them are missing', () => {
    expect(text.match(/^## .*$/gm)).toEqual(['## 1 (1.mp4)', '## 2 (1.mp4)', '## 3 (1.mp4)', '## 4 (1.mp4)']);
    expect(text).toContain('Missing: no video');
  });

  it('shows a caption as text, whatever it would be as Markdown', () => {
    expect(text).toContain(
      'Caption: A cat. # Result \\| F1 \\| 100 \\| &lt;script>alert(1)&lt;/script> \\[here\\](http://x) \\`code\\`',
    );
    expect(text).not.toMatch(/<script|^# Result|^\| F1/m);
  });
});
