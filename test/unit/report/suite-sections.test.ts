import { parseHTML } from 'linkedom';
import { expect, test } from 'vitest';
import type { Evaluation } from '../../../contracts/run-results.ts';
import { suiteSections } from '../../../report/suite-sections.ts';

const ref = { uri: 'store:x', sha256: '0'.repeat(64), bytes: 1 };
const judge = { model: '<b>judge</b>', prompts: [] };
const evaluation = (step: number, f1: number, scored: number): Evaluation => ({
  ...{ step, metrics: {}, captions: ref, details: ref, judge, policy: { model: 'tiny', step, weights: ref } },
  suites: [
    {
      ...{ suite: 'dream1k', step, judge, result: ref, report: ref, drillDown: ref },
      metrics: { f1, f1Low: f1 - 1, f1High: f1 + 1 },
      counts: { items: 10, scored, withoutCaption: 0, unscorable: 10 - scored, missing: 0 },
    },
  ],
});

const read = (...args: Parameters<typeof suiteSections>) =>
  suiteSections(...args).map(({ text }) => parseHTML(`<html><body>${text}</body></html>`).document);

test('both policies stand above the published rows, each with what it was measured on', () => {
  const [section, ...others] = read(evaluation(0, 20, 10), evaluation(9, 25, 2));
  expect(others).toEqual([]);
  const rows = [...section!.querySelectorAll('tbody tr')].map((row) =>
    [...row.children].map((cell) => cell.textContent),
  );
  expect(rows[0]).toEqual(['base policy10 of 10 items scored', '20.0 [19.0, 21.0]', '–', '–']);
  expect(rows[1]).toEqual(['step 92 of 10 items scored, 8 unscorable', '25.0 [24.0, 26.0]', '–', '–']);
  expect(rows[2]![0]).toContain('VideoCap-R1');
  const notes = [...section!.querySelectorAll('.note')].map(({ textContent }) => textContent);
  expect(notes[0]).toContain('step 9: Only 2 of 10 items are in these numbers');
  expect(notes.at(-1)).toContain('Judge: <b>judge</b>.');
});

test('the judge and its prompts stand by the table, and what was published in words', () => {
  const judge = { model: 'm', prompts: [{ name: 'event-entailment.v1', sha256: '0123456789abcdef'.repeat(4) }] };
  const { suites, ...plain } = evaluation(0, 20, 10);
  const care = { ...suites![0]!, suite: 'carebench' as const, metrics: { meanF1: 20 }, judge };
  const [section] = read({ ...plain, suites: [care] }, undefined);
  const notes = [...section!.querySelectorAll('.note')].map(({ textContent }) => textContent);
  expect(notes.at(-1)).toContain('Judge: m; prompts: event-entailment.v1 (sha256 0123456789ab). Small print');
  expect(notes.at(-2)).toContain('action F1 +3.1, object F1 +6.9 points');
});

test('what the captions were made with stands by the table, and warnings of predictions', () => {
  const { suites, ...plain } = evaluation(0, 20, 10);
  const captions = { by: 'file', file: '/d/p.jsonl', sha256: 'ab'.repeat(32), captions: 10 } as const;
  const suite = { ...suites![0]!, madeWith: { captions, quirks: ['judgeEmpty'], variants: [] }, warnings: ['Beware.'] };
  const [section] = read({ ...plain, suites: [suite] }, undefined);
  const notes = [...section!.querySelectorAll('.note')].map(({ textContent }) => textContent);
  expect(notes[0]).toBe('base policy: Beware.');
  expect(notes[1]).toBe(
    'base policy: Made with: 10 captions of /d/p.jsonl (sha256 abababababab); judge <b>judge</b>; quirks judgeEmpty.',
  );
});

test('a limit on clips stands by the numbers, and warns', () => {
  const { suites, ...plain } = evaluation(0, 20, 10);
  const [section] = read(
    { ...plain, suites: [{ ...suites![0]!, counts: { ...suites![0]!.counts, outOf: 1000 } }] },
    undefined,
  );
  const said = section!.querySelector('section')!.textContent;
  expect(said).toContain('10 of 10 items scored, the first of 1000 in the file');
  expect(said).toContain('base policy: Only 10 of 1000 items are in these numbers');
});

test('a run without published benchmarks has no such section', () => {
  const { suites, ...plain } = evaluation(0, 1, 1);
  expect(suiteSections(plain, undefined)).toEqual([]);
});
