import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { mean } from 'simple-statistics';
import { type Html, html, trusted } from '../core/markup.ts';

/** A line of a chart: its name, a CSS colour, and a value for each step that has one. */
export interface Series {
  name: string;
  colour: string;
  points: readonly { step: number; value: number; low?: number | undefined; high?: number | undefined }[];
}

export interface ChartOptions {
  /** Text for screen readers. */
  label: string;
  series: readonly Series[];
  width: number;
  height: number;
  /** Values always in view. */
  include?: readonly number[];
  /** Draw the moving average, and the values themselves as faint dots: for what is noisy from step to step. */
  smooth?: boolean;
  /** Of the values that the page shows at the pointer; default 2. */
  digits?: number;
}

/** A chart has too few pixels to show more points. */
const MOST_POINTS = 400;

/** What the page's script needs to show a step's values at the pointer, in the attribute `data-chart` of a chart. */
export interface ChartData {
  /** Of the first and the last step, in the units of the chart's `viewBox`. */
  x: readonly [number, number];
  /** In order; of a long line some of them. */
  steps: readonly number[];
  lines: readonly {
    name: string;
    colour: string;
    /** `0.63` or `76.7 (61.0 to 89.4)` at each of the steps; `null` where it has none. */
    values: readonly (string | null)[];
  }[];
}

/**
 * Lines over steps as inline SVG, drawn on the server by Observable Plot. Colours may be CSS variables, and text takes
 * the page's colour, so a chart follows light and dark. Of a long line, means of neighbouring steps are drawn, and some
 * of its dots.
 */
export function lineChart(options: ChartOptions): Html {
  const { label, series, width, height, include = [], smooth = false, digits = 2 } = options;
  const { document } = parseHTML('<html><body></body></html>');
  const drawn = series.map((each) => ({ ...each, points: means(each.points) }));
  const rows = rowsOf(drawn);
  const dots = rowsOf(series.map((each) => ({ ...each, points: sample(each.points) })));
  const steps = rows.map(({ step }) => step);
  const span = Math.max(0, ...drawn.map(({ points }) => points.length));
  const window = smooth ? Math.max(1, Math.round(span / 8)) : 1;
  const bands = rows.filter(({ low, high }) => low !== undefined && high !== undefined);
  const svg = Plot.plot({
    document,
    width,
    height,
    className: 'plot',
    style: { fontSize: '12px', overflow: 'visible' },
    marginLeft: 44,
    marginRight: 12,
    marginBottom: 40,
    marginTop: 12,
    x: {
      label: 'step',
      labelAnchor: 'right',
      labelArrow: 'none',
      ticks: wholeTicks(steps, width),
      tickSize: 0,
      tickPadding: 8,
      tickFormat: String,
    },
    y: { label: null, ticks: 4, tickSize: 0, tickPadding: 6, nice: true },
    color: { domain: series.map(({ name }) => name), range: series.map(({ colour }) => colour) },
    marks: [
      Plot.gridY({ ticks: 4, stroke: 'currentColor', strokeOpacity: 0.12 }),
      Plot.ruleY([...include, ...room(rows)], { strokeOpacity: 0 }),
      Plot.areaY(bands, { x: 'step', y1: 'low', y2: 'high', z: 'name', fill: 'name', fillOpacity: 0.13 }),
      smooth ? Plot.dot(dots, { x: 'step', y: 'value', fill: 'name', r: 1.7, fillOpacity: 0.3 }) : null,
      Plot.lineY(
        rows,
        Plot.windowY(
          { k: window, anchor: 'middle' },
          { x: 'step', y: 'value', z: 'name', stroke: 'name', strokeWidth: 2.2, curve: 'linear' },
        ),
      ),
      smooth ? null : Plot.dot(rows, { x: 'step', y: 'value', fill: 'name', r: span > 40 ? 0 : 3 }),
    ],
  });
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', label);
  const data = chartData(drawn, digits, (step) => Number(svg.scale('x')!.apply(step)));
  return html`<div class="chart" tabindex="0" data-chart="${JSON.stringify(data)}">${trusted(svg.outerHTML)}</div>`;
}

function chartData(series: readonly Series[], digits: number, x: (step: number) => number): ChartData {
  const steps = [...new Set(series.flatMap(({ points }) => points.map(({ step }) => step)))].sort((a, b) => a - b);
  const lines = series.map(({ name, colour, points }) => {
    const values = new Map(points.map((point) => [point.step, valueText(point, digits)]));
    return { name, colour, values: steps.map((step) => values.get(step) ?? null) };
  });
  return { x: [x(steps[0]!), x(steps.at(-1)!)], steps, lines };
}

function valueText({ value, low, high }: Series['points'][number], digits: number): string {
  const bounds = low === undefined || high === undefined ? '' : ` (${low.toFixed(digits)} to ${high.toFixed(digits)})`;
  return `${value.toFixed(digits)}${bounds}`;
}

function rowsOf(series: readonly Series[]) {
  return series.flatMap(({ name, points }) => points.map((point) => ({ name, ...point })));
}

/** How many neighbours a drawn point stands for. */
function neighbours({ length }: Series['points']): number {
  return Math.ceil(length / MOST_POINTS);
}

function means(points: Series['points']): Series['points'] {
  const size = neighbours(points);
  return sample(points).map((first, i) => {
    const all = points.slice(i * size, (i + 1) * size);
    return { ...first, step: all[all.length >> 1]!.step, value: mean(all.map(({ value }) => value)) };
  });
}

function sample(points: Series['points']): Series['points'] {
  const size = neighbours(points);
  return points.filter((_, i) => i % size === 0);
}

/** A range around a flat line, which has no scale of its own. */
function room(rows: readonly { value: number }[]): number[] {
  const [low, high] = [Math.min(...rows.map(({ value }) => value)), Math.max(...rows.map(({ value }) => value))];
  const margin = Math.abs(low) / 10 || 1;
  return low === high ? [low - margin, high + margin] : [];
}

/** A handful of round steps that fit beside each other. */
function wholeTicks(steps: readonly number[], width: number): number[] {
  const [first, last] = [Math.min(...steps), Math.max(...steps)];
  const count = Math.max(3, Math.floor(width / 75));
  const raw = Math.max(1, (last - first) / count);
  const size = 10 ** Math.floor(Math.log10(raw));
  const tick = [1, 2, 5, 10].map((factor) => factor * size).find((candidate) => candidate >= raw)!;
  const from = Math.ceil(first / tick) * tick;
  return Array.from({ length: Math.floor((last - from) / tick) + 1 }, (_, i) => from + i * tick);
}
