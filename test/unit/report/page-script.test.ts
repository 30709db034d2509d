import { expect, test } from 'vitest';
import { WriteReportInput } from '../../../contracts/report.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { readReportContent } from '../../../report/report-content.ts';
import { reportPage } from '../../../report/report-page.ts';
import { temporaryStore } from '../activities/stage-store.ts';
import { browse } from './browsed-page.ts';
import { syntheticRun } from './synthetic-run.ts';

async function report(store: ArtifactStore, samples = 34, links = {}) {
  const { digest: _, records: __, ...run } = await syntheticRun(store, { samples, steps: 3 });
  return reportPage(await readReportContent(store, { ...WriteReportInput.parse(run), ...links }));
}

const numbers = (names: string[], document: ReturnType<typeof browse>['document'], of: 'score' | 'change') =>
  names.map((name) => Number(document.querySelector(`[aria-label="${name}"]`)!.getAttribute(`data-${of}`)));
const falling = (values: number[]) => values.every((value, i) => i === 0 || value <= values[i - 1]!);

test('a report shows six clips at first, and all of them on demand, in the order that a reader chooses', async () => {
  const { document, shown, set, press } = browse(await report(await temporaryStore()));
  const picked = shown();
  expect(picked).toHaveLength(6);
  expect(document.querySelector('#found')!.textContent).toBe('6 of 34');
  set('order', 'best');
  expect(falling(numbers(shown(), document, 'score'))).toBe(true);
  expect(shown()).not.toEqual(picked);
  set('order', 'worst');
  expect(falling(numbers(shown(), document, 'score').map((score) => -score))).toBe(true);
  set('order', 'changed');
  expect(falling(numbers(shown(), document, 'change').map(Math.abs))).toBe(true);
  expect(document.querySelector('#more')!.textContent).toBe('Show 24 more');
  press('more');
  expect(shown()).toHaveLength(30);
  press('more');
  expect(shown()).toHaveLength(34);
  expect(falling(numbers(shown(), document, 'change').map(Math.abs))).toBe(true);
  set('order', 'picked');
  expect(shown()).toEqual(picked);
});

test('a reader searches clips by words of captions, references and names, in any order and case', async () => {
  const { document, shown, set } = browse(await report(await temporaryStore()));
  set('search', 'HELD-OUT-000003');
  expect(shown()).toEqual(['held-out-000003']);
  set('search', 'moves star');
  const found = shown().map((name) => document.querySelector(`[aria-label="${name}"]`)!.textContent);
  expect(found.length).toBeGreaterThan(0);
  expect(found.every((text) => text.includes('moves') && text.includes('star'))).toBe(true);
  set('search', 'nothing like it');
  expect(shown()).toEqual([]);
  expect(document.querySelector('#found')!.textContent).toBe('0 of 0 found in 34');
});

test('the slider shows the completions of one step: the last, until a reader moves it', async () => {
  const { document, set } = browse(await report(await temporaryStore(), 2));
  const steps = [...document.querySelectorAll('.step')];
  const visible = () =>
    steps.filter((step) => !step.hasAttribute('hidden')).map((step) => step.querySelector('h3')!.textContent);
  expect(visible()).toEqual(['Step 3']);
  set('step', '0');
  expect(visible()).toEqual(['Step 1']);
  expect(document.querySelector('output[for=step]')!.textContent).toBe('step 1');
});

test('a chart says the values of a step to the arrow keys, and names them as they are', async () => {
  const { document, key: press } = browse(await report(await temporaryStore(), 2));
  const chart = document.querySelector('.chart')!;
  const key = (name: string) => press(chart, name);
  const said = () =>
    [...chart.querySelectorAll('.tip p')].map(({ textContent }) => textContent.replaceAll(/[\d.-]+$/g, '#'));
  key('ArrowRight');
  expect(said()).toEqual(['step #', 'caption #', 'think #', 'format #']);
  expect(chart.querySelector('.tip p')!.textContent).toBe('step 3');
  key('ArrowLeft');
  key('ArrowLeft');
  key('ArrowLeft');
  expect(chart.querySelector('.tip p')!.textContent).toBe('step 1');
  key('Escape');
  expect(chart.querySelector('.tip')!.hasAttribute('hidden')).toBe(true);
});

test('in a frame, which may open no windows, a link’s address can be copied', async () => {
  const text = await report(await temporaryStore(), 2, { mlflowRunUrl: 'http://127.0.0.1:5000/#/runs/1' });
  const { document } = browse(text, { framed: true });
  expect(document.querySelector('.links .address')!.textContent).toBe('http://127.0.0.1:5000/#/runs/1');
  expect(browse(text).document.querySelector('.address')).toBeNull();
});
