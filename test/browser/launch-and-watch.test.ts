import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freshBrowser, opened, startBrowser } from './browser.ts';
import { openDetails, sendSignal, startFromForm, typeInput, untilDetails, untilStatus } from './temporal-ui.ts';

/** What `videocap up --json` prints. */
interface Up {
  temporalUi: string;
  mlflow: string;
  forms: { type: string; link: string }[];
  questions: { question: string; link: string }[];
}

const MINUTES = 60_000;

let home: string;
let up: Up;
let browser: Browser;

async function videocap(...args: string[]): Promise<string> {
  const env = { ...process.env, VIDEOCAP_HOME: home };
  return (await promisify(execFile)(process.execPath, ['cli/videocap.mjs', ...args], { env })).stdout;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-browser-'));
  up = JSON.parse(await videocap('up', '--json')) as Up;
  browser = await startBrowser();
}, 10 * MINUTES);

afterAll(async () => {
  await browser?.close();
  await videocap('down');
  await rm(home, { recursive: true, force: true });
}, 2 * MINUTES);

const formOf = (type: string) => up.forms.find((form) => form.type === type)!.link;

it(
  'a run is started, paused, resumed and seen to its end in the UI, then in MLflow and its report',
  async () => {
    const { context, page, picture, close } = await freshBrowser(browser);
    const began = performance.now();
    await page.goto(formOf('trainingRun'));
    const form = page.locator('.cm-content').first();
    await form.getByText('"quickstart"').waitFor();
    expect(await page.getByLabel('Workflow Type').inputValue()).toBe('trainingRun');
    expect(await page.getByLabel('Task Queue').inputValue()).toBe('videocap');
    await page.getByText('Task Queue is Active').waitFor();
    await picture('start-form');
    // Enough steps to be paused between two of them.
    const overrides = { 'algorithm.steps': 12, 'dataset.trainSamples': 24, 'dataset.heldOutSamples': 8 };
    await typeInput(page, { config: 'quickstart', overrides: { ...overrides, 'benchmark.everySteps': 4 } });
    await startFromForm(page, 'first-run');
    console.log(`From an empty browser to a started run: ${((performance.now() - began) / 1000).toFixed(1)} s`);

    await openDetails(page);
    await untilDetails(page, /step [1-9]\d* of 12/, 3 * MINUTES);
    await sendSignal(page, 'pause');
    await untilDetails(page, /Paused after the current step. Send resume to continue./, 3 * MINUTES);
    await untilDetails(page, /GRPO · tiny · G=8 · 12 steps/, MINUTES);
    await picture('paused');

    const waiting = await context.newPage();
    await waiting.goto(up.questions.find(({ question }) => question === 'Which runs wait for me?')!.link);
    await waiting.getByRole('link', { name: 'first-run', exact: true }).waitFor();
    await picture('runs-that-wait', waiting);
    await waiting.close();

    await sendSignal(page, 'resume');
    await page.getByText('Timeline', { exact: true }).first().click();
    await page
      .getByText(/rolloutGroups • step \d+\/12: rollout 8 x 8/)
      .first()
      .waitFor({ timeout: 3 * MINUTES });
    await untilStatus(page, 'Completed', 10 * MINUTES);
    await page
      .getByText(/^updatePolicy • step 12/)
      .first()
      .scrollIntoViewIfNeeded();
    await picture('timeline');
    const details = await openDetails(page);
    await untilDetails(page, /Finished all 12 steps/, MINUTES);
    await picture('finished');

    const mlflow = await opened(context, () => details.getByRole('link', { name: 'MLflow run' }).click());
    await mlflow.getByRole('heading', { name: /^first-run/ }).waitFor();
    await mlflow.getByText('Finished', { exact: true }).first().waitFor();
    await picture('mlflow-run', mlflow);
    const report = await opened(context, () => details.getByRole('link', { name: 'Report' }).click());
    const html = report.frameLocator('iframe').first();
    await html.getByRole('heading', { name: 'Held-out benchmark' }).waitFor();
    await picture('report-in-mlflow', report);

    const again = await opened(context, () => details.getByRole('link', { name: 'Start another run' }).click());
    await again.locator('.cm-content').first().getByText('"dataset.trainSamples"').waitFor();
    expect(await again.getByLabel('Workflow ID').inputValue()).toBe('');
    await close();
  },
  25 * MINUTES,
);

it(
  'a run that fails says why at the top of its page, and is found by that',
  async () => {
    const { page, picture, close } = await freshBrowser(browser);
    await page.goto(formOf('trainingRun'));
    await page.locator('.cm-content').first().getByText('"quickstart"').waitFor();
    await typeInput(page, { config: 'quikstart' });
    await startFromForm(page, 'wrong-name');
    await untilStatus(page, 'Failed', 2 * MINUTES);
    const message = page.locator('.cm-line').filter({ hasText: '"message"' }).first();
    await message.waitFor();
    expect(await message.textContent()).toMatch(
      /There is no config \\"quikstart\\" \(did you mean \\"quickstart\\"\?\)/,
    );
    await picture('failed');
    await page.goto(up.questions.find(({ question }) => question === 'Which runs failed, and why?')!.link);
    await page.getByRole('link', { name: 'wrong-name', exact: true }).waitFor();
    await close();
  },
  5 * MINUTES,
);

it(
  'every workflow type has a form that is filled in',
  async () => {
    const { page, close } = await freshBrowser(browser);
    expect(up.forms.map(({ type }) => type)).toEqual([
      'trainingRun',
      'benchmarkRun',
      'ablationSweep',
      'datasetAnnotation',
    ]);
    for (const [type, field] of [
      ['benchmarkRun', '"checkpoint"'],
      ['ablationSweep', '"short-sweep"'],
      ['datasetAnnotation', '"/data/captions.jsonl"'],
    ] as const) {
      await page.goto(formOf(type));
      await page.locator('.cm-content').first().getByText(field).waitFor();
      expect(await page.getByLabel('Workflow Type').inputValue()).toBe(type);
    }
    await close();
  },
  5 * MINUTES,
);
