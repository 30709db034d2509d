import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createReportActivities } from '../../../activities/report.ts';
import type { RunProgress } from '../../../contracts/run-state.ts';
import type { ArtifactStore } from '../../../core/artifact-store.ts';
import { sha256 } from '../../../core/sha256.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { LiveReport } from '../../../report/live-report.ts';
import { temporaryStore } from '../activities/stage-store.ts';
import { browse } from './browsed-page.ts';
import { type SyntheticRun, syntheticRun } from './synthetic-run.ts';

/** The run's state after a step, as `recordStep` stores it. */
async function recorded(store: ArtifactStore, run: SyntheticRun, step: number) {
  const { runKey, config, manifest, digest, evaluations } = run;
  const { policy } = evaluations[0]!;
  const counts = { train: 8, heldOut: 8, quarantined: 1 };
  await store.putJson(keyOf('dataset', { runKey }), { manifest, digest, ...counts });
  const progress: RunProgress = {
    ...{ config, step, policy, reference: policy, startTime: 0, spent: { usd: 0, calls: 0 }, limits: {} },
    evaluations: evaluations.filter((each) => each.step <= step),
    ...{ lastMetrics: {}, mirroredStep: -1 },
  };
  await store.putJson(keyOf('progress', { runKey, step }), progress);
}

async function runOf(steps = 4) {
  const store = await temporaryStore();
  const run = await syntheticRun(store, { steps });
  return { store, run, live: new LiveReport(store, run.runKey), record: (step: number) => recorded(store, run, step) };
}

/** Serves a page as `videocap open` does. */
async function served(page: () => Promise<string | Buffer | undefined>): Promise<string> {
  const server = createServer(async (_, response) => {
    const text = (await page())!;
    response.writeHead(200, { etag: `"${sha256(text)}"`, 'content-type': 'text/html' }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const factsIn = (text: string | Buffer | undefined) => /<p class="facts">[\s\S]*?<\/p>/.exec(`${text}`)?.[0];

test('the report of a run is there from its first step on, and has every later step', async () => {
  const { live, record } = await runOf();
  expect(await live.page(true)).toBeUndefined();
  await record(0);
  const first = await live.page(true);
  expect(factsIn(first)).toContain('goes on: step 0 of 4');
  expect(`${first}`).toContain('id="clips"');
  await record(1);
  const second = await live.page(true);
  expect(factsIn(second)).toContain('goes on: step 1 of 4');
  expect(`${second}`.match(/data-step=/g)).toHaveLength(1);
});

test('a page that is made after every step is the one that is made of the last alone', async () => {
  const { store, run, live, record } = await runOf();
  for (const step of [0, 1, 2, 3]) {
    await record(step);
    await live.page(true);
  }
  expect(await live.page(true)).toBe(await new LiveReport(store, run.runKey).page(true));
});

test('a page is made once a step', async () => {
  const { live, record } = await runOf();
  await record(0);
  const [one, two] = await Promise.all([live.page(true), live.page(true)]);
  expect(one).toBe(two);
});

test('of a run that has ended, it is the report that the run wrote; resumed, one of the steps since', async () => {
  const { store, run, live, record } = await runOf();
  await record(3);
  for (const step of [0, 1, 2]) await record(step);
  const { digest: _, records: __, ...input } = run;
  const { report } = await createReportActivities({ store }).writeReport({ ...input, lastStep: 3 });
  expect(`${await live.page(true)}`).toBe((await store.read(report)).toString());
  await record(4);
  expect(factsIn(await live.page(true))).toContain('goes on: step 4 of 4');
});

test('a run that failed has a page, which does not ask for itself again', async () => {
  const { live, record } = await runOf();
  await record(0);
  const page = `${await live.page(false)}`;
  expect(page).not.toContain('data-goes-on');
  expect(page).not.toContain("connect-src 'self'");
});

test('what is no training run has no page', async () => {
  expect(await new LiveReport(await temporaryStore(), 'a-sweep-12345678').page(true)).toBeUndefined();
});

test('the page keeps itself up to date, with what a reader has set and the parts that have not changed', async () => {
  const { live, record } = await runOf();
  let goesOn = true;
  await record(0);
  await record(1);
  await record(2);
  const address = await served(() => live.page(goesOn));
  const { document, set, shown, aMinuteLater } = browse(`${await live.page(true)}`, { address });
  const facts = () => document.querySelector('.facts')!.textContent;
  set('search', 'held-out-000003');
  set('order', 'worst');
  set('step', '0');
  const cards = document.querySelector('#cards');
  await aMinuteLater();
  expect(document.querySelector('#refreshed')!.textContent).toMatch(/^Looked for changes at/);
  await record(3);
  await aMinuteLater();
  expect(facts()).toContain('goes on: step 3 of 4');
  expect(document.querySelector('#cards')).toBe(cards);
  expect(shown()).toEqual(['held-out-000003']);
  expect(document.querySelector('output[for=step]')!.textContent).toBe('step 1');
  set('step', '2');
  await record(4);
  goesOn = false;
  await aMinuteLater();
  // The last step measured the policy: other clips, the same search; a reader of the last step sees the last.
  expect(facts()).not.toContain('goes on');
  expect(document.querySelector('#cards')).not.toBe(cards);
  expect(shown()).toEqual(['held-out-000003']);
  expect(document.querySelector('output[for=step]')!.textContent).toBe('step 4');
  await aMinuteLater();
  expect(document.querySelector('footer')!.textContent).toContain('This file is complete');
});

test('a page that nothing serves any longer says which command shows it', async () => {
  const { live, record } = await runOf();
  await record(0);
  const { document, aMinuteLater } = browse(`${await live.page(true)}`, { address: 'http://127.0.0.1:9/' });
  await aMinuteLater();
  expect(document.querySelector('#refreshed')!.textContent).toContain('videocap open');
});

test.each(['file:///report.html', 'https://elsewhere.example/', 'http://elsewhere.example/'])(
  'a page that is opened from %s asks for nothing',
  async (address) => {
    const { live, record } = await runOf();
    await record(0);
    const { document, aMinuteLater } = browse(`${await live.page(true)}`, { address });
    await aMinuteLater();
    expect(document.querySelector('#refreshed')!.textContent).toBe('');
  },
);
