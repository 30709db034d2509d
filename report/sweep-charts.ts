import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { SweepRow } from '../contracts/sweep-results.ts';
import { type Html, trusted } from '../core/markup.ts';

const WIDTH = 500;
const ROW = 26;
/** Pixels of a letter, and the most that names may take. */
const [LETTER, WIDEST] = [7, 220];

/** Every seed's value as a dot, their mean as a bar. */
export function seedsChart(rows: readonly SweepRow[], metric: string): Html {
  const seeds = rows.flatMap(({ arm, values }) => values.map((value) => ({ arm, value })));
  const means = rows.flatMap(({ arm, mean }) => (mean === null ? [] : [{ arm, mean }]));
  return drawn(rows, `${metric} of every seed, and the mean of each arm`, [
    Plot.gridX({ stroke: 'currentColor', strokeOpacity: 0.12, ticks: 5 }),
    Plot.tickX(means, { x: 'mean', y: 'arm', stroke: 'var(--accent)', strokeWidth: 3, inset: 3 }),
    Plot.dot(seeds, { x: 'value', y: 'arm', r: 3.5, fill: 'var(--ink)', fillOpacity: 0.45 }),
  ]);
}

/** The differences to the reference arm with their intervals; full dots where chance is ruled out. */
export function differencesChart(rows: readonly SweepRow[], reference: string, level: number): Html {
  const all = rows.flatMap(({ arm, against }) => {
    if (!against) return [];
    const isTold = against.corrected < level;
    const colour = !isTold ? 'var(--soft)' : against.difference > 0 ? 'var(--good)' : 'var(--bad)';
    return [{ ...against, arm, colour, fill: isTold ? colour : 'var(--card)' }];
  });
  const compared = rows.filter(({ against }) => against);
  return drawn(compared, `Differences to ${reference} in points, with 95% intervals`, [
    Plot.gridX({ stroke: 'currentColor', strokeOpacity: 0.12, ticks: 5 }),
    Plot.ruleX([0], { stroke: 'currentColor', strokeOpacity: 0.5 }),
    Plot.link(all, { x1: 'low', x2: 'high', y: 'arm', stroke: 'colour', strokeWidth: 2.5 }),
    Plot.dot(all, { x: 'difference', y: 'arm', r: 5, stroke: 'colour', strokeWidth: 2, fill: 'fill' }),
  ]);
}

function drawn(rows: readonly SweepRow[], label: string, marks: Plot.Markish[]): Html {
  const { document } = parseHTML('<html><body></body></html>');
  const longest = Math.max(0, ...rows.map(({ arm }) => arm.length));
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: 44 + ROW * rows.length,
    className: 'plot',
    style: { fontSize: '12px', overflow: 'visible' },
    marginLeft: Math.min(WIDEST, 16 + LETTER * longest),
    marginRight: 16,
    marginTop: 8,
    marginBottom: 30,
    x: { label: null, labelArrow: 'none', ticks: 5, tickSize: 0, tickPadding: 8, nice: true },
    y: { label: null, domain: rows.map(({ arm }) => arm), tickSize: 0, tickPadding: 8 },
    color: { type: 'identity' },
    marks,
  });
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  return trusted(svg.outerHTML);
}
