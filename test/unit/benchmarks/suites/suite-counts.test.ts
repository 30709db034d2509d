import { describe, expect, it, test } from 'vitest';
import { dream1k } from '../../../../benchmarks/dream1k/dream1k.ts';
import { countsLine, fewScored, outcomeTable } from '../../../../benchmarks/suites/suite-counts.ts';

const all = { items: 10, scored: 10, withoutCaption: 0, unscorable: 0, missing: 0 };

describe('too few items are warned of', () => {
  it('not where 95 in 100 of the file are in the means', () => {
    expect(fewScored({ ...all, outOf: 10 })).toEqual([]);
    expect(fewScored({ items: 100, outOf: 100, scored: 95, withoutCaption: 0, unscorable: 5, missing: 0 })).toEqual([]);
  });

  it('where a limit left most of the file out, though all that was taken is scored', () => {
    expect(fewScored({ ...all, outOf: 1000 })).toEqual([
      'Only 10 of 1000 items are in these numbers: compare them with no published one. The others: 990 beyond the ' +
        'limit on clips.',
    ]);
  });

  it('with every reason and its count', () => {
    const counts = { items: 8, outOf: 10, scored: 3, withoutCaption: 1, unscorable: 2, missing: 2 };
    expect(fewScored(counts)[0]).toMatch(
      /2 beyond the limit on clips, 2 unscorable, 2 missing, 1 without a caption and left out; the report lists/,
    );
  });

  it('where whole parts of the benchmark are not there, however many items are', () => {
    expect(fewScored({ ...all, outOf: 10, absent: ['Short', 'Detailed'] })).toEqual([
      'Nothing was measured of: Short, Detailed. The headline means leave these out: compare them with no ' +
        'published one.',
    ]);
  });

  it('in results that do not say how much the file had', () => {
    expect(fewScored(all)).toEqual([]);
    expect(fewScored({ ...all, scored: 9, missing: 1 })).toHaveLength(1);
  });
});

test('what became of the items is one line, without what did not happen', () => {
  const counts = { items: 10, scored: 7, withoutCaption: 2, unscorable: 0, missing: 3 };
  expect(countsLine(counts)).toBe('7 of 10 items scored, 2 without a caption, 3 missing');
  expect(countsLine({ ...all, outOf: 1000 })).toBe('10 of 10 items scored, the first of 1000 in the file');
});

test('what became of the items of each category, as the authors print how many failed', () => {
  const item = (id: string, category: string) => ({ id, clip: id, video: `${id}.mp4`, category, reference: 'A cat.' });
  const items = [item('1', 'youtube'), item('2', 'videvo'), item('3', 'videvo'), item('4', 'videvo')];
  const results = [
    { ...items[0]!, score: 1 },
    { ...items[1]!, score: 1, caption: 'A cat.' },
    { ...items[2]!, caption: 'A cat.', unscorable: 'refused' },
    { ...items[3]!, missing: 'no video' },
  ];
  const tableOf = (inMeans: (result: { caption?: string | undefined; score?: unknown }) => boolean) =>
    outcomeTable(dream1k, items, results, inMeans)[0]!;
  const table = tableOf(({ score }) => score !== undefined);
  expect(table.columns).toEqual(['Category', 'Scored', 'Without a caption', 'Unscorable', 'Missing']);
  expect(table.rows).toEqual([
    { label: 'videvo', values: [1, 0, 1, 1] },
    { label: 'youtube', values: [1, 1, 0, 0] },
  ]);
  expect(tableOf(({ caption, score }) => score !== undefined && caption !== undefined).rows[1]!.values).toEqual([
    0, 1, 0, 0,
  ]);
});
