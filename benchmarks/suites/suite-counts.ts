import type { Suite, SuiteItem, SuiteTable } from './suite.ts';
import type { ItemResult, SuiteCounts } from './suite-files.ts';

/** Below this share of the items, the means are about something else than the benchmark. */
const ENOUGH = 0.95;

/**
 * Warnings where too few items are in the means, or whole parts of the benchmark in none; none where there are enough.
 */
export function fewScored(counts: SuiteCounts): string[] {
  const { items, scored, unscorable, missing, notCaptioned = 0, outOf = items, absent = [] } = counts;
  const without = absent.length === 0 ? [] : [`Nothing was measured of: ${absent.join(', ')}. ${ABSENT}`];
  if (scored >= ENOUGH * outOf) return without;
  const others = [
    [outOf - items, 'beyond the limit on clips'],
    [unscorable, 'unscorable'],
    [missing, 'missing'],
    [notCaptioned, 'not captioned'],
    [items - scored - unscorable - missing - notCaptioned, 'without a caption and left out'],
  ] as const;
  const why = others.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const kinds = notCaptioned > 0 ? 'unscorable, missing and not captioned' : 'unscorable and missing';
  const isListed = unscorable + missing + notCaptioned > 0;
  const listed = isListed ? `; the report lists ${kinds} ones with their reasons` : '';
  return [
    `Only ${scored} of ${outOf} items are in these numbers: compare them with no published one. The others: ` +
      `${why.join(', ')}${listed}.`,
    ...without,
  ];
}

const ABSENT = 'The headline means leave these out: compare them with no published one.';

/** `998 of 1000 items scored, 2 without a caption, 1 unscorable, 1 missing`; what is 0 is not mentioned. */
export function countsLine(counts: SuiteCounts): string {
  const { items, scored, withoutCaption, unscorable, missing, notCaptioned = 0, cut = 0, outOf = items } = counts;
  const parts = [
    [withoutCaption, 'without a caption'],
    [unscorable, 'unscorable'],
    [missing, 'missing'],
    [notCaptioned, 'not captioned'],
    [cut, 'cut off at the token limit'],
  ] as const;
  const others = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  const taken = outOf > items ? `, the first of ${outOf} in the file` : '';
  return [`${scored} of ${items} items scored${taken}`, ...others].join(', ');
}

/**
 * What became of the items of each group, in alphabetical order: the authors print how many failed. `inMeans`: whether
 * a result is in the means.
 */
export function outcomeTable<Item extends SuiteItem>(
  { groups }: Suite<Item>,
  items: readonly Item[],
  results: readonly ItemResult[],
  inMeans: (result: ItemResult) => boolean,
): SuiteTable[] {
  if (!groups || items.length === 0) return [];
  const labels = items.map((item) => groups.of(item));
  const captionsLack = results.some(({ notCaptioned }) => notCaptioned !== undefined);
  const rows = [...new Set(labels)].sort().map((label) => {
    const inside = results.filter((_, i) => labels[i] === label);
    const count = (holds: (result: ItemResult) => boolean) => inside.filter(holds).length;
    return {
      label,
      values: [
        count(inMeans),
        count(({ score, caption }) => score !== undefined && caption === undefined),
        count(({ unscorable }) => unscorable !== undefined),
        count(({ missing }) => missing !== undefined),
        ...(captionsLack ? [count(({ notCaptioned }) => notCaptioned !== undefined)] : []),
      ],
    };
  });
  const columns = [
    ...[groups.title, 'Scored', 'Without a caption', 'Unscorable', 'Missing'],
    ...(captionsLack ? ['Not captioned'] : []),
  ];
  return [{ title: `What became of the items, by ${groups.title.toLowerCase()}`, columns, rows }];
}
