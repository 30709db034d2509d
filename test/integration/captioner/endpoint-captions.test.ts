import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createEndpointActivities } from '../../../activities/endpoint-captions.ts';
import type { CaptionClipsInput } from '../../../contracts/policy.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { CaptionedClip } from '../../../core/completion.ts';
import type { WaitedFor } from '../../../judge/client/patient-endpoint.ts';
import { EngineConfig } from '../../../policy/policy-config.ts';
import { refusal } from '../../refusal.ts';
import {
  contentFilter,
  drop,
  empty,
  endless,
  type Fault,
  json,
  message,
  rateLimited,
  says,
  status,
  unauthorized,
  unsupported,
} from '../../servers/openai-faults.ts';
import { type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { seesShapes } from '../../servers/sees-shapes.ts';
import { sceneClip, storeScenes } from './scene-clips.ts';

const KEY = 'sk-captioner-secret-1234';

let root: string;
let store: ArtifactStore;
let server: OpenAiServer;
let waits: (string | undefined)[][];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-captioner-'));
  store = new ArtifactStore(root);
  waits = [];
  server = await startOpenAiServer(seesShapes);
});
afterEach(async () => {
  await server.close();
  await rm(root, { recursive: true, force: true });
});

let runs = 0;
/** Captions the first scenes through the server, each time as a run of its own unless it is named. */
async function caption(
  count: number,
  {
    runKey = `run-${++runs}`,
    section = {},
    prompt,
    ...more
  }: { runKey?: string; section?: object; prompt?: string } & Partial<z.input<typeof CaptionClipsInput>> = {},
) {
  const since = Date.now();
  const activities = createEndpointActivities({
    store,
    env: { CAPTIONER_KEY: KEY },
    outage: {
      since: () => since,
      answered: () => {},
      failed: (why: string, of?: WaitedFor) => void waits.push([why, of]),
    },
  });
  const engine = EngineConfig.parse({
    ...{ kind: 'openai', baseUrl: server.baseUrl, apiKeyEnv: 'CAPTIONER_KEY', concurrency: 2, timeoutSeconds: 20 },
    ...section,
  });
  const { policy } = await activities.loadPolicy({ runKey, policy: { model: 'eyes-7b', engine } });
  const clips = await storeScenes(store, count, prompt);
  const input = { runKey, step: 0, policy, engine, clips, list: 'held-out', output: 'plain' as const };
  const output = await activities.captionClips({ ...input, maxNewTokens: 64, ...more });
  return { ...output, policy, captions: await store.readJson(output.captions, z.array(CaptionedClip)) };
}

const eventsToldOf = (captions: readonly CaptionedClip[]) =>
  captions.map(({ text }, i) => sceneClip(i).events.filter((event) => text.toLowerCase().includes(event)).length);

describe('clips captioned through an endpoint', () => {
  test.each([['png'], ['video']] as const)('as %s: every frame arrives without loss and in order', async (frames) => {
    const { captions, computedWith, policy } = await caption(6, { section: { frames } });
    // The model reads motion from the order of pictures. Eight of the ten events of these scenes are of one subject.
    expect(eventsToldOf(captions)).toEqual([1, 2, 2, 2, 1, 2]);
    expect(server.requests.map(({ media }) => media.length)).toEqual(Array(6).fill(frames === 'video' ? 1 : 8));
    expect(captions[0]).toMatchObject({
      ...{ sampleId: 'scene-0', prompt: 'Describe the video.', tokens: 5, text: 'A small red triangle moves up.' },
      parsed: { wellFormed: true, caption: 'A small red triangle moves up.' },
      by: { endpoint: server.baseUrl, model: 'eyes-7b' },
    });
    expect(computedWith).toEqual({ endpoint: server.baseUrl, model: 'eyes-7b' });
    expect(policy).toMatchObject({ model: 'eyes-7b', step: 0 });
    expect(server.requests[0]).toMatchObject({ model: 'eyes-7b', temperature: 0, max_tokens: 64 });
    expect(JSON.parse(server.requests[0]!.body)).not.toHaveProperty('response_format');
  });

  test('as JPEG', async () => {
    const { captions } = await caption(1, { section: { frames: 'jpeg' } });
    expect(captions[0]).toHaveProperty('parsed.caption');
    expect(server.requests[0]!.media).toHaveLength(8);
    // The bytes with which every JPEG file begins.
    for (const url of server.requests[0]!.media) expect(url).toMatch(/^data:image\/jpeg;base64,\/9j\//);
  });

  test('are asked for once: not by a retry or another run, until something that decides them changes', async () => {
    const first = await caption(3);
    const retried = await caption(3, { runKey: `run-${runs}` });
    const again = await caption(3);
    expect(retried.captions).toEqual(first.captions);
    expect(again.captions).toEqual(first.captions);
    expect(server.requests).toHaveLength(3);
    await caption(3, { prompt: 'What happens?' });
    expect(server.requests).toHaveLength(6);
    await caption(3, { maxNewTokens: 32 });
    await caption(3, { section: { frames: 'video' } });
    await caption(3, { section: { extraBody: { top_logprobs: 0 } } });
    expect(server.requests).toHaveLength(15);
    await caption(3, { section: { concurrency: 1, timeoutSeconds: 10 } });
    expect(server.requests).toHaveLength(15);
  });

  test('cost what the endpoint counts, the same for a retry, and nothing once more', async () => {
    const section = { price: { inputPerMillion: 2, outputPerMillion: 8 } };
    const first = await caption(3, { section });
    const { calls, inputTokens, outputTokens, cost } = first.usage!;
    expect(calls).toBe(3);
    expect(outputTokens).toBe(first.captions.reduce((sum, { tokens }) => sum + tokens, 0));
    expect(cost).toBeCloseTo((2 * inputTokens + 8 * outputTokens) / 1e6, 12);
    expect((await caption(3, { section, runKey: `run-${runs}` })).usage).toMatchObject({ calls, cost });
    expect((await caption(3, { section })).usage).toMatchObject({ calls: 0, cacheHits: 3, cost: 0 });
  });

  test('are not asked for beyond the budget, of which a run may have spent a part before', async () => {
    const over = refusal('JudgeBlocked', 'policy.engine.budget.calls is 2', 'videocap limits');
    const section = { budget: { calls: 2 } };
    await expect(caption(3, { section, runKey: 'short' })).rejects.toEqual(over);
    expect(server.requests).toHaveLength(2);
    await expect(caption(3, { section, runKey: 'later', spent: { calls: 2, usd: 0 } })).rejects.toEqual(over);
    expect(server.requests).toHaveLength(2);
    // What is stored costs nothing, whatever the budget; a person has raised it for the rest.
    const { usage } = await caption(3, { section: { budget: { calls: 3 } }, runKey: 'short' });
    expect(usage).toMatchObject({ calls: 3 });
    expect(server.requests).toHaveLength(3);
  });

  test('of another version of the model are asked for anew by a run that begins after it was met', async () => {
    const by = (fingerprint: string): Fault =>
      json({
        choices: [{ finish_reason: 'stop', message: { content: `It is ${fingerprint}.` } }],
        ...{ model: 'eyes-7b-2026', system_fingerprint: fingerprint },
      });
    server.failNext(by('fp_1'), by('fp_1'), by('fp_2'));
    const old = await caption(2);
    expect(old.computedWith).toEqual({ endpoint: server.baseUrl, model: 'eyes-7b-2026', fingerprint: 'fp_1' });
    await caption(1, { prompt: 'Another question.' });
    server.failNext(by('fp_2'), by('fp_2'));
    const renewed = await caption(2);
    expect(renewed.captions.map(({ text }) => text)).toEqual(['It is fp_2.', 'It is fp_2.']);
    expect(server.requests).toHaveLength(5);
  });

  test('with a temperature above 0: a seed for each clip, the same in every run', async () => {
    const decoding = { temperature: 0.7, topP: 0.9, topK: 20, repetitionPenalty: 1.2 };
    await caption(2, { decoding, seed: 3 });
    const seeds = server.requests.map(({ body }) => (JSON.parse(body) as { seed: number }).seed);
    expect(new Set(seeds).size).toBe(2);
    expect(JSON.parse(server.requests[0]!.body)).toMatchObject({
      ...{ temperature: 0.7, top_p: 0.9, top_k: 20, repetition_penalty: 1.2 },
    });
    await caption(2, { decoding, seed: 3 });
    expect(server.requests).toHaveLength(2);
    await caption(2, { decoding, seed: 4 });
    expect(server.requests).toHaveLength(4);
  });
});

describe('one clip that the endpoint refuses is not captioned', () => {
  const window = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens.";
  test.each<[string, Fault, string]>([
    ['moderation', contentFilter, 'the endpoint filtered the content'],
    ['moderation of what it wrote', message({ content: 'x' }, 'content_filter'), 'the endpoint filtered the content'],
    ['a refusal in words of the API', message({ content: null, refusal: 'No.' }), 'the captioner refused to answer'],
    ['too many tokens of frames', says(400, window), 'the request is longer than the captioner can read'],
    ['an empty answer', empty, 'the captioner answered without a word'],
  ])('%s', async (_, fault, reason) => {
    server.failNext(fault);
    const { captions } = await caption(3, { section: { concurrency: 1 } });
    const [refused, ...others] = captions.filter(({ notCaptioned }) => notCaptioned !== undefined);
    expect(others).toEqual([]);
    expect(refused).toEqual({
      ...{ sampleId: expect.stringMatching(/^scene-/), prompt: 'Describe the video.', notCaptioned: reason },
      ...{ text: '', tokens: 0, parsed: { wellFormed: false } },
      ...(fault === empty && { by: { endpoint: server.baseUrl, model: 'eyes-7b' } }),
    });
    expect(captions.filter(({ parsed }) => parsed.caption !== undefined)).toHaveLength(2);
    expect(server.requests).toHaveLength(3);
  });
});

test('a caption that ended at its token limit is one, marked as cut', async () => {
  server.failNext(message({ content: 'A small red tri' }, 'length'));
  const { captions } = await caption(2);
  expect(captions.map(({ cut }) => cut)).toContain(true);
  expect(captions.find(({ cut }) => cut)).toMatchObject({ text: 'A small red tri', parsed: { wellFormed: true } });
  expect(server.requests).toHaveLength(2);
});

test('a model that thinks gets tokens for that; its thinking is no part of the caption', async () => {
  server.failNext(
    message({ content: '<think>Let me see, the frames' }, 'length'),
    message({ content: '<think>A triangle.</think>\nA red triangle moves.' }),
  );
  const { captions } = await caption(1);
  expect(captions).toMatchObject([{ text: 'A red triangle moves.' }]);
  expect(server.requests.map(({ max_tokens }) => max_tokens)).toEqual([64, 64 + 8192]);
});

describe('an endpoint that fails', () => {
  test.each<[string, Fault[]]>([
    ['asks for fewer requests', [rateLimited({ 'retry-after-ms': '50' })]],
    ['has an internal error', [status(500), status(503)]],
    ['tells an error within status 200', [json({ error: { message: 'upstream broke', code: 502 } })]],
    ['breaks the connection', [drop]],
  ])('%s: the clip is asked for again, and captioned once', async (_, faults) => {
    server.failNext(...faults);
    const { captions } = await caption(2);
    expect(captions.every(({ notCaptioned }) => notCaptioned === undefined)).toBe(true);
    expect(server.account()).toMatchObject({ questions: 2, asked: 2 + faults.length });
  });

  test('an endless answer is given up after 16 MiB, and the run waits for the captioner, by name', async () => {
    server.failNext(...Array.from({ length: 12 }, () => endless()));
    await expect(caption(2)).rejects.toThrow(
      refusal('Unavailable', `The captioner at ${server.baseUrl} answers with more than 16 MiB`),
    );
    expect(waits[0]).toEqual([`The captioner at ${server.baseUrl} answers with more than 16 MiB`, 'captioner']);
    server.forgive();
    expect((await caption(2)).captions).toHaveLength(2);
  });

  test('a dead server is waited for, and what was captioned before is not asked for again', async () => {
    const runKey = 'run-dead';
    await caption(2, { runKey: 'run-before' });
    const { baseUrl } = server;
    server.failNext(...Array.from({ length: 40 }, () => drop));
    await expect(caption(5, { runKey })).rejects.toThrow(refusal('Unavailable', 'The captioner at', baseUrl));
    expect(waits[0]).toEqual([expect.stringContaining('(policy.engine.baseUrl) cannot be reached'), 'captioner']);
    server.forgive();
    expect((await caption(5, { runKey })).captions).toHaveLength(5);
    expect(server.account()).toMatchObject({ questions: 5, answered: 5, duplicates: 0 });
  });

  test('a key that it refuses, or that is missing, blocks the run with the field and the remedy', async () => {
    server.failNext(unauthorized);
    await expect(caption(1)).rejects.toThrow(
      refusal('JudgeBlocked', 'CAPTIONER_KEY (policy.engine.apiKeyEnv)', 'start the worker with a valid one'),
    );
    await expect(caption(1, { section: { apiKeyEnv: 'OTHER_API_KEY' } })).rejects.toThrow(
      refusal('JudgeBlocked', 'OTHER_API_KEY (policy.engine.apiKeyEnv)', 'is not set'),
    );
    await expect(caption(1, { section: { baseUrl: 'https://captions.test/v1' } })).rejects.toThrow(
      refusal('JudgeBlocked', 'CAPTIONER_KEY (policy.engine.apiKeyEnv)', 'may not be sent to https://captions.test'),
    );
  });

  test('a decoding that it does not take is not left out: the run is blocked, and the field is named', async () => {
    server.failNext(says(400, 'Unrecognized request argument supplied: repetition_penalty'));
    await expect(caption(1, { decoding: { repetitionPenalty: 1.2 } })).rejects.toThrow(
      refusal('JudgeBlocked', 'The captioner at', 'does not take repetition_penalty'),
    );
  });

  test('a temperature that it does not take is left out, and the captions say so', async () => {
    const { baseUrl } = server;
    server.failNext(unsupported('temperature'));
    const { computedWith } = await caption(1, { section: { baseUrl: `${baseUrl}/` } });
    expect(computedWith).toEqual({ endpoint: `${baseUrl}/`, model: 'eyes-7b', without: 'temperature' });
  });
});

test('the key is in nothing that is stored or thrown', async () => {
  server.failNext(message({ content: `Bearer ${KEY}` }), status(400, { code: KEY }));
  await caption(3, { section: { concurrency: 1 } }).catch((error: Error) => expect(error.message).not.toContain(KEY));
  for (const name of await readdir(root, { recursive: true, withFileTypes: true }))
    if (name.isFile()) expect(await readFile(join(name.parentPath, name.name), 'utf8')).not.toContain(KEY);
});
