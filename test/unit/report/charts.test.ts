import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { type ChartData, lineChart, type Series } from '../../../report/charts.ts';

const draw = (points: Series['points'], options = {}) => {
  const series = [{ name: 'reward', colour: 'var(--accent)', points }];
  const { text } = lineChart({ label: 'Rewards "over" <steps>', series, width: 300, height: 150, ...options });
  const { document } = parseHTML(`<html><body>${text}</body></html>`);
  return { text, svg: document.querySelector('svg')! };
};
const line = (values: number[]) => values.map((value, i) => ({ step: i + 1, value }));

describe('lineChart', () => {
  it('is an SVG that says what it shows and takes the page’s colours', () => {
    const { text, svg } = draw(line([1, 2, 3]));
    expect(svg.getAttribute('role')).toBe('img');
    expect(svg.getAttribute('aria-label')).toBe('Rewards "over" <steps>');
    expect(text).toContain('var(--accent)');
    expect(text).not.toMatch(/https?:|url\(/);
  });

  it.each([
    ['one point', line([0.5])],
    ['a flat line', line([0, 0, 0])],
    ['many steps', line(Array.from({ length: 500 }, (_, i) => Math.sin(i)))],
    ['very small numbers', line([1e-7, 2e-7, 3e-7])],
  ])('%s is drawn without NaN', (_, points) => {
    for (const smooth of [true, false]) expect(draw(points, { smooth }).text).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('has whole numbers of steps below it', () => {
    const { svg } = draw(line([1, 2]));
    const ticks = [...svg.querySelectorAll('[aria-label="x-axis tick label"] text')].map(
      ({ textContent }) => textContent,
    );
    expect(ticks).toEqual(['1', '2']);
  });

  it('draws of a very long run what a screen can show of it', () => {
    const values = Array.from({ length: 200_000 }, (_, i) => i / 200_000 + (i % 2 ? 0.1 : -0.1));
    const { text, svg } = draw(line(values), { smooth: true });
    expect(text.length).toBeLessThan(60_000);
    const dots = svg.querySelectorAll('[aria-label="dot"] circle');
    expect(dots).toHaveLength(400);
    const path = svg.querySelector('[aria-label="line"] path')!.getAttribute('d') as string;
    const heights = path.split('L').map((point) => Number(point.split(',')[1]));
    expect(heights).toHaveLength(400);
    // A straight line up: neighbours above and below it are one point on it.
    expect(heights.every((height: number, i: number) => i === 0 || height <= heights[i - 1]!)).toBe(true);
  });

  it('has the values of every step for the pointer, as people read them', () => {
    const points = [2, 5].map((step) => ({ step, value: step / 3, low: 0, high: 2 }));
    const { text } = draw(points, { digits: 1 });
    const { document } = parseHTML(`<html><body>${text}</body></html>`);
    const data = JSON.parse(document.querySelector('.chart')!.getAttribute('data-chart')!) as ChartData;
    expect(data.steps).toEqual([2, 5]);
    expect(data.lines).toEqual([
      { name: 'reward', colour: 'var(--accent)', values: ['0.7 (0.0 to 2.0)', '1.7 (0.0 to 2.0)'] },
    ]);
    // The first step at the left margin, the last at the right one.
    expect(data.x).toEqual([44, 288]);
    expect(document.querySelector('.chart')!.getAttribute('tabindex')).toBe('0');
  });

  it('says what its steps are, and warns of nothing where there is one', () => {
    const { svg, text } = draw(line([0.5]));
    expect(svg.querySelector('[aria-label="x-axis label"]')!.textContent).toContain('step');
    expect(text).not.toContain('⚠');
  });

  it('draws intervals as bands', () => {
    const points = [1, 2].map((step) => ({ step, value: step, low: step - 1, high: step + 1 }));
    expect(draw(points).svg.querySelector('[aria-label="area"] path')).not.toBeNull();
  });
});
