import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import { suiteSections } from '../../../activities/report/suite-sections.ts';
import type { Evaluation } from '../../../core/stages.ts';

const ref = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const evaluation = (step: number, f1: number, scored: number): Evaluation => ({
  ...{ step, metrics: {}, captions: ref, details: ref, policy: { model: 'tiny', step, weights: ref } },
  suites: [
    {
      ...{ suite: 'dream1k', step, result: ref, report: ref, drillDown: ref },
      metrics: { f1, f1Low: f1 - 1, f1High: f1 + 1 },
      counts: { items: 10, scored, withoutCaption: 0, unscorable: 10 - scored, missing: 0 },
    },
  ],
});

const read = (...args: Parameters<typeof suiteSections>) =>
  suiteSections(...args).map(({ text }) => parseHTML(`<html><body>${text}</body></html>`).document);

test('both policies stand above the published rows, each with what it was measured on', () => {
  const [section, ...others] = read(evaluation(0, 20, 10), evaluation(9, 25, 2), '<b>judge</b>');
  expect(others).toEqual([]);
  const rows = [...section!.querySelectorAll('tbody tr')].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  expect(rows[0]).toEqual(['base policy10 of 10 items', '20.0 [19.0, 21.0]', '–', '–']);
  expect(rows[1]).toEqual(['step 92 of 10 items', '25.0 [24.0, 26.0]', '–', '–']);
  expect(rows[2]![0]).toContain('VideoCap-R1');
  const notes = [...section!.querySelectorAll('.note')].map(({ textContent }) => textContent);
  expect(notes[0]).toContain('step 9: Only 2 of 10 items are in these numbers');
  expect(notes.at(-1)).toContain('Judge: <b>judge</b>.');
});

test('a run without published benchmarks has no such section', () => {
  const { suites, ...plain } = evaluation(0, 1, 1);
  expect(suiteSections(plain, undefined, 'm')).toEqual([]);
});
