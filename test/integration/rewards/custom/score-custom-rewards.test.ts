import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createBenchmarkActivities } from '../../../../activities/benchmark.ts';
import { createCustomRewardActivities } from '../../../../activities/custom-rewards.ts';
import { HeldOutDetails } from '../../../../benchmarks/held-out.ts';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { parseCompletion } from '../../../../core/completion.ts';
import type { Sample } from '../../../../core/sample.ts';
import { RewardConfig } from '../../../../rewards/registry.ts';
import { withScores } from '../../../stored-scores.ts';

let home: string;
let store: ArtifactStore;
const asked: string[] = [];
/** Samples for which the server is out of order. */
const broken = new Set<string>();
const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  const { sample, completions } = JSON.parse(body);
  asked.push(sample.id);
  if (broken.has(sample.id)) response.writeHead(500).end();
  else response.end(JSON.stringify({ scores: completions.map(() => 0.5) }));
});
beforeAll(async () => {
  home = await realpath(await mkdtemp(join(tmpdir(), 'videocap-custom-')));
  store = new ArtifactStore(join(home, 'store'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await allow(allowance());
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(home, { recursive: true, force: true });
});

const allow = (text: string) => writeFile(join(home, 'allowed.yaml'), text);
/** What the worker's owner writes for the reward server of this test. */
const allowance = () => {
  const { port } = server.address() as AddressInfo;
  return `rewards: { urls: { mine: { headers: {}, url: "http://127.0.0.1:${port}" } } }`;
};
const sample = (id: string): Sample => ({
  ...{ id, caption: 'A small red circle moves left.', events: ['a small red circle moves left'] },
  video: { path: '/v.mp4', sha256: '0'.repeat(64), bytes: 1 },
});
const text = '<think>[]</think><answer>A small red circle moves left.</answer>';
const completion = { ...{ text, tokenIds: [1], logProbs: [-1], truncated: false }, parsed: parseCompletion(text) };
const reward = RewardConfig.parse({ think: { similarity: 'token-f1' }, custom: { mine: { kind: 'http' } } });
const manifest = () =>
  store.putJson('manifest.json', {
    ...{ name: 'n', digest: 'd', quarantined: [] },
    ...{ train: [sample('a'), sample('b')], heldOut: [sample('c')] },
  });
const inputAt = async (step: number) => ({
  ...{ runKey: 'r', step, round: 0, part: 0, reward, manifest: await manifest() },
  rollout: await store.putJson('rollout.json', {
    step: 1,
    groups: ['a', 'b'].map((sampleId) => ({ sampleId, completions: [completion, completion] })),
  }),
});
const score = async (step: number) =>
  createCustomRewardActivities({ store, home, env: {} }).scoreCustomRewards(await inputAt(step));

test('an attempt that failed half-way has its answers: the next one asks for the others alone', async () => {
  broken.add('b');
  await expect(score(1)).rejects.toMatchObject({ code: 'Unavailable' });
  expect(asked.filter((id) => id === 'a')).toHaveLength(1);
  broken.clear();
  asked.length = 0;
  const output = await score(1);
  expect((await withScores(store, output)).scores).toEqual({
    mine: [
      [{ value: 0.5 }, { value: 0.5 }],
      [{ value: 0.5 }, { value: 0.5 }],
    ],
  });
  expect(asked).toEqual(['b']);
  // Tried again, the activity finds its own output, timing included.
  expect(await score(1)).toEqual(output);
});

test('what is no longer allowed pauses the run, and so does a file that says nothing', async () => {
  await allow('rewards: {}');
  await expect(score(2)).rejects.toMatchObject({
    code: 'JudgeBlocked',
    message: expect.stringMatching(/^reward\.custom\.mine is not allowed .*`videocap resume`\.$/),
  });
  await allow('rewards: [');
  await expect(score(2)).rejects.toMatchObject({ code: 'JudgeBlocked', message: expect.stringContaining('YAML') });
  await allow(allowance());
  expect((await withScores(store, score(2))).scores.mine).toHaveLength(2);
});

test('the benchmark of the held-out videos scores with it, too', async () => {
  const captions = [{ sampleId: 'c', text, tokens: 3, parsed: parseCompletion(text) }];
  const { details } = await createBenchmarkActivities({ store, home, env: {} }).scoreBenchmark({
    ...{ runKey: 'r', step: 0, suite: 'held-out', reward, judge: { kind: 'rule-based' } },
    ...{ captions: await store.putJson('captions.json', captions), manifest: await manifest() },
  });
  const { clips } = await store.readJson(details, HeldOutDetails);
  expect(clips[0]!.rewards).toMatchObject({ mine: 0.5, caption: 1 });
});
