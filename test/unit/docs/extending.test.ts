import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import type { ConfigSection, GenerateRequest } from '../../../core/policy-engine.ts';
import { sha256 } from '../../../core/sha256.ts';
import type { Storage } from '../../../core/storage.ts';
import { eventEntailment } from '../../../judge/questions/event-entailment.ts';
import type { Verdict } from '../../../judge/verdict.ts';
import type { Tracker } from '../../../tracking/tracker.ts';
import { writeRunTo } from '../activities/written-run.ts';
import { storageConformance } from '../core/storage.conformance.ts';
import { applied, compilerOutput, copyWithExamples, examplesOf, PAGES, ROOT } from './worked-examples.ts';

const pages = await Promise.all(
  (await readdir(PAGES)).map(async (name) => ({ name, text: await readFile(new URL(name, PAGES), 'utf8') })),
);

/** The sources with the additions of all pages: what the tests below import. */
let copy: string;
beforeAll(async () => {
  copy = await copyWithExamples();
}, 60_000);
afterAll(() => rm(copy, { recursive: true, force: true }));

const load = <Module>(path: string): Promise<Module> => import(pathToFileURL(join(copy, path)).href);

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'videocap-extending-'));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  return path;
}

test('there is a page for each seam, and one that says what has none', () => {
  expect(pages.map(({ name }) => name).sort()).toEqual([
    ...['algorithm.md', 'engine.md', 'judge-provider.md', 'own-reward.md', 'reward.md', 'storage.md', 'suite.md'],
    'tracker.md',
  ]);
});

test.each(pages)('$name has a worked example, and names only files that exist', ({ name, text }) => {
  const examples = examplesOf(name, text);
  // The example of own-reward.md is a user's file: own-reward-docs.test.ts runs it.
  if (name !== 'own-reward.md') expect(examples.some(({ kind }) => kind === 'ts')).toBe(true);
  const added = new Set(examples.map(({ path }) => path));
  const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const named = [...prose.matchAll(/`([a-z][\w.-]*\/[\w./-]*)`/g)].map(([, path]) => path!);
  const linked = [...prose.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, path]) => join('docs/extending', path!));
  const gone = [...named, ...linked].filter((path) => !added.has(path) && !existsSync(join(ROOT, path)));
  expect(gone.filter((path) => !STORED.has(path))).toEqual([]);
});

/** What lies in a store. */
const STORED = new Set(['a/b.json', 'a/b.json.ref', 'fences/']);

test('all additions together compile', async () => {
  expect(await compilerOutput(copy)).toBe('');
}, 240_000);

test('a change that no longer fits its file names the page and the lines', () => {
  const diff = {
    page: 'reward.md',
    kind: 'diff',
    path: 'rewards/registry.ts',
    text: ' one\n+two\n@@\n-gone\n',
  } as const;
  expect(() => applied('one\n', diff)).toThrow(
    'reward.md: rewards/registry.ts must have these lines once, and has them 0 times:\ngone\n',
  );
  expect(applied('one\nthree\ngone\n', diff)).toBe('one\ntwo\nthree\n');
});

describe('algorithm.md', () => {
  test('rloo is a kind of algorithm, whose baseline is the mean of the others', async () => {
    const registry = await load<typeof import('../../../algorithms/registry.ts')>('algorithms/registry.ts');
    const config = registry.AlgorithmConfig.parse({ kind: 'rloo' });
    const algorithm = registry.algorithmOf(config);
    expect(config).toMatchObject({ steps: 40, aggregation: 'dr_grpo', iterations: 1 });
    expect(algorithm).toMatchObject({ loss: 'grpo', learnsFrom: 'completions' });
    // By hand: 1 - (0 + 0.5) / 2, 0 - (1 + 0.5) / 2, 0.5 - (1 + 0) / 2.
    const rewards = [
      [1, 0, null, 0.5],
      [1, null, null, null],
      [0.1, 0.1, 0.1, 0.1],
    ];
    expect('advantages' in algorithm && algorithm.advantages(rewards, config)).toEqual([
      [0.75, -0.75, null, 0],
      [null, null, null, null],
      [0, 0, 0, 0],
    ]);
    expect(registry.AlgorithmConfig.safeParse({ kind: 'rloo', iterations: 2 }).success).toBe(false);
  });
});

describe('reward.md', () => {
  test('distinct is scored where a config lists it, and counts in the total', async () => {
    const { RewardConfig, localComponents } =
      await load<typeof import('../../../rewards/registry.ts')>('rewards/registry.ts');
    const { combineRewards } =
      await load<typeof import('../../../rewards/combine-rewards.ts')>('rewards/combine-rewards.ts');
    const listed = { distinct: { weight: 2 } } as object;
    const others = { format: { weight: 0 }, think: { weight: 0 }, caption: { weight: 0 } };
    const reward = RewardConfig.parse({ ...others, ...listed });
    const names = (config: typeof reward) => localComponents(config).map(({ name }) => name);
    expect(names(reward)).toContain('distinct');
    expect(names(RewardConfig.parse({}))).not.toContain('distinct');

    const captions = ['A star moves and a star moves.', 'A star.', '', undefined];
    const scores = await localComponents(reward)
      .find(({ name }) => name === 'distinct')!
      .score(
        {
          sample: { id: 'a', caption: 'A star.', video: { path: '/v.mp4', sha256: '', bytes: 1 } },
          completions: captions.map((caption) => ({ wellFormed: true, ...(caption !== undefined && { caption }) })),
        },
        { similarity: () => unused(), documentFrequencies: () => unused() },
      );
    // Pairs of the first: a star, star moves, moves and, and a, a star, star moves.
    expect(scores).toEqual([{ value: 4 / 6 }, { value: 1 }, { value: 1 }, { value: 0 }]);
    expect(combineRewards({ distinct: [scores] }, reward)).toEqual([[8 / 6, 2, 2, 0]]);
  });

  function unused(): never {
    throw new Error('This component uses no tools.');
  }
});

describe('judge-provider.md', () => {
  interface Asked {
    headers: IncomingMessage['headers'];
    body: { model: string; system: string; messages: { role: string; content: string }[] };
  }

  /** A server that speaks the Messages API as far as the example does; `answer` gives a text, or a status. */
  async function messagesServer(
    answer: (asked: Asked) => string | number,
  ): Promise<{ baseUrl: string; asked: Asked[] }> {
    const asked: Asked[] = [];
    const server: Server = createServer(async (request, response) => {
      const one = { headers: request.headers, body: (await json(request)) as Asked['body'] };
      asked.push(one);
      const text = answer(one);
      response.writeHead(typeof text === 'number' ? text : 200, { 'content-type': 'application/json' });
      const usage = { input_tokens: 30, output_tokens: 12 };
      response.end(JSON.stringify({ content: [{ type: 'text', text }], stop_reason: 'end_turn', usage }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
  }

  const verdicts = (...relationships: Verdict[]) =>
    JSON.stringify({ verdicts: relationships.map((relationship, i) => ({ index: i + 1, relationship })) });
  const env = { ANTHROPIC_API_KEY: 'a-key-that-must-stay-secret' };

  async function judgeAt(baseUrl: string) {
    const { JudgeConfig, isLlm } = await load<typeof import('../../../judge/judge-config.ts')>('judge/judge-config.ts');
    const { createLlmClient } = await load<typeof import('../../../judge/create-judge.ts')>('judge/create-judge.ts');
    const { providerOf } =
      await load<typeof import('../../../judge/providers/registry.ts')>('judge/providers/registry.ts');
    const config = JudgeConfig.parse({ kind: 'llm', provider: 'anthropic', model: 'm', baseUrl });
    if (!isLlm(config)) throw new Error('It must be a language model.');
    const store = new ArtifactStore(await folder());
    return { config, provider: providerOf(config), client: createLlmClient(config, { store, place: 'p', env }) };
  }

  const question = eventEntailment('A dog runs.', ['a dog runs', 'a cat sleeps']);

  test('a question is asked over the Messages API, and paid once', async () => {
    const { baseUrl, asked } = await messagesServer(() => verdicts('entailment', 'neutral'));
    const { client } = await judgeAt(baseUrl);
    expect(await client.ask(question)).toEqual({ answer: ['entailment', 'neutral'] });
    expect(await client.ask(question)).toEqual({ answer: ['entailment', 'neutral'] });
    expect(client.usage).toMatchObject({ calls: 1, cacheHits: 1, inputTokens: 30, outputTokens: 12 });
    expect(asked).toHaveLength(1);
    expect(asked[0]!.headers).toMatchObject({ 'x-api-key': env.ANTHROPIC_API_KEY, 'anthropic-version': '2023-06-01' });
    expect(asked[0]!.body).toMatchObject({ model: 'm', system: question.prompt.text, temperature: 0 });
    expect(asked[0]!.body.messages).toMatchObject([{ role: 'user' }]);
  });

  test.each([
    [401, 'JudgeBlocked', /check judge\.model .* ANTHROPIC_API_KEY/],
    [529, 'Unavailable', /cannot answer now \(status 529\)/],
  ])('status %i is %s', async (status, code, message) => {
    const { baseUrl } = await messagesServer(() => status);
    const { client } = await judgeAt(baseUrl);
    await expect(client.ask(question)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  test('`videocap judge check` shows what the provider finds out', async () => {
    const { baseUrl, asked } = await messagesServer(() => verdicts('entailment', 'neutral'));
    const { config, provider } = await judgeAt(baseUrl);
    const check = await provider.check(config, { env });
    const { checkLines } =
      await load<typeof import('../../../cli/commands/judge-check.ts')>('cli/commands/judge-check.ts');
    const lines = checkLines(check, config).join('\n');
    expect(asked).toHaveLength(2);
    expect(lines).toMatch(/^ *text +works/m);
    expect(lines).not.toMatch(/json-schema|undefined/);
    expect(lines).toMatch(/The endpoint can judge\.$/);
  });

  test('a key that is not set is named before anything is sent', async () => {
    const { config, provider } = await judgeAt('http://127.0.0.1:9');
    expect(() => provider.createApi(config, {})).toThrow(
      'The environment variable ANTHROPIC_API_KEY (judge.apiKeyEnv) is not set',
    );
  });
});

describe('suite.md', () => {
  test('the suite reads its file, asks the judge, and has its numbers with bounds', async () => {
    const { suiteNamed } =
      await load<typeof import('../../../benchmarks/suites/suites.ts')>('benchmarks/suites/suites.ts');
    const { SuiteConfig } = await load<typeof import('../../../benchmarks/benchmark-config.ts')>(
      'benchmarks/benchmark-config.ts',
    );
    const { scoreItems, suiteNumbers } = await load<typeof import('../../../benchmarks/suites/score-suite.ts')>(
      'benchmarks/suites/score-suite.ts',
    );
    const annotations = join(await folder(), 'actions.jsonl');
    const line = (video: string, ...actions: string[]) => JSON.stringify({ video, actions });
    await writeFile(annotations, `${line('a.mp4', 'a dog runs', 'a cat sleeps')}\n${line('b.mp4', 'a star moves')}\n`);
    const config = SuiteConfig.parse({ suite: 'actions', annotations, videos: '.' });
    const suite = suiteNamed(config.suite);
    const items = await suite.readAnnotations(annotations);

    const completion = (sampleId: string, text: string) => ({
      sampleId,
      text,
      tokens: 0,
      parsed: { wellFormed: true },
    });
    const captions = [completion('a.mp4', 'A dog runs.'), completion('b.mp4', '')];
    const client = {
      ...{ name: 'm', usage: {} as never, answeredBy: [] },
      ask: async () => ({ answer: ['entailment', 'neutral'] as never }),
    };
    const plain = { quirks: new Set<string>(), variants: new Set<never>() };
    const list = { suite: suite.name, annotations, items, missing: [] };
    const results = await scoreItems(suite, list, captions, client, { ...plain, concurrency: 1 });
    const { metrics, counts } = await suiteNumbers(suite, list, results, plain);
    // Half of the first one's actions; nothing of the second, whose policy wrote no caption.
    expect(metrics).toEqual({ recall: 25, recallLow: 0, recallHigh: 50 });
    expect(counts).toMatchObject({ items: 2, scored: 2, withoutCaption: 1 });
    expect(suite.describe(items[0]!, results[0]!.score)).toEqual([
      '- entailment: a dog runs',
      '- neutral: a cat sleeps',
    ]);

    await writeFile(annotations, `${line('a.mp4', 'a dog runs')}\n{"video": "b.mp4"}\n`);
    await expect(suite.readAnnotations(annotations)).rejects.toMatchObject({
      ...{ code: 'InvalidDataset', message: expect.stringContaining('actions.jsonl, line 2, field actions') },
    });
  });
});

describe('engine.md', () => {
  test('the driver samples, learns, and exports, by way of the registry', async () => {
    const { createEngine, ENGINE_KINDS } = await load<typeof import('../../../policy/engines.ts')>('policy/engines.ts');
    const { EngineConfig } = await load<typeof import('../../../policy/policy-config.ts')>('policy/policy-config.ts');
    const { GrpoConfig } = await load<typeof import('../../../algorithms/grpo.ts')>('algorithms/grpo.ts');
    const engineSection = EngineConfig.parse({ kind: 'words' });
    expect(ENGINE_KINDS).toContain('words');
    const engine = createEngine(engineSection.kind);
    onTestFinished(() => engine.close());
    const home = await folder();
    const model = join(home, 'model.json');
    await writeFile(model, JSON.stringify({ red: 0, star: 0, '.': 0 }));

    const start = await engine.startPolicy(model);
    const shown = { frames: { shape: [1, 1, 1, 3] as const, data: new Uint8Array(3) }, prompt: 'What happens?' };
    const request: GenerateRequest = {
      ...{ engine: engineSection, policy: start, groupSize: 4, maxNewTokens: 8 },
      clips: ['a', 'b'].map((sampleId) => ({ ...shown, sampleId })),
      sampling: { temperature: 1, seed: 3, path: ['rollout', 1] },
    };
    const groups = await engine.generate(request);
    expect(await engine.generate(request)).toEqual(groups);
    expect(groups.map(({ sampleId, completions }) => [sampleId, completions.length])).toEqual([
      ['a', 4],
      ['b', 4],
    ]);
    const { tokenIds, logProbs } = groups[0]!.completions[0]!;
    expect(logProbs).toEqual(tokenIds.map(() => Math.log(1 / 3)));
    const filters = { topK: 0, topP: 1, minP: 0, repetitionPenalty: 2 };
    const filtered = (await engine.generate({ ...request, filters }))[0]!.completions[0]!;
    expect(filtered.policyLogProbs).toEqual(filtered.tokenIds.map(() => Math.log(1 / 3)));

    const algorithm: ConfigSection = GrpoConfig.parse({ optimizer: { learningRate: 0.5 } });
    const completion = (advantage: number | null, ...tokens: number[]) => ({
      ...{ tokenIds: tokens, logProbs: tokens.map(() => Math.log(1 / 3)), advantage },
    });
    const update = {
      ...{ engine: engineSection, policy: start, reference: start, step: 1, loss: 'grpo', algorithm, folder: home },
      batch: {
        ...({ learnsFrom: 'completions', temperature: 1, maxLength: 8 } as const),
        groups: [{ ...shown, sampleId: 'a', completions: [completion(1, 0), completion(-1, 1), completion(null, 2)] }],
      },
    };
    const learnt = await engine.update(update);
    expect(await engine.update(update)).toEqual(learnt);
    if ('notFinite' in learnt || 'digest' in learnt || 'path' in learnt.weights)
      throw new Error('The update is finite, and in memory.');
    // By hand: each of the two tokens moves its own logit by 0.5 (1 - 1/3) and the others by -0.5 / 3, times its A.
    const logits = JSON.parse(Buffer.from(learnt.weights.bytes).toString());
    expect([logits.red, logits.star, logits['.']].map((logit) => Math.round(logit * 1e9) / 1e9)).toEqual([
      0.5, -0.5, 0,
    ]);
    expect(learnt.weights.sha256).toBe(sha256(learnt.weights.bytes));
    const far = [{ ...shown, sampleId: 'a', completions: [1e308, 1e308, 1e308].map((a) => completion(a, 0)) }];
    const fast: ConfigSection = GrpoConfig.parse({ optimizer: { learningRate: 1 } });
    expect(await engine.update({ ...update, algorithm: fast, batch: { ...update.batch, groups: far } })).toEqual({
      notFinite: { what: 'weight after the update', value: 'Infinity', where: 'red' },
    });
    await expect(engine.update({ ...update, loss: 'gspo' })).rejects.toMatchObject({ code: 'InvalidInput' });

    await mkdir(join(home, 'export'));
    await engine.exportModel(start, join(home, 'export'), { runKey: 'r', step: 0 });
    expect(await engine.exportedWeights(join(home, 'export'))).toBe(start.weights.sha256);
    await writeFile(model, '{}');
    await expect(engine.generate(request)).rejects.toMatchObject({ code: 'CorruptArtifact' });
    await expect(engine.startPolicy(model)).rejects.toMatchObject({ code: 'InvalidModel' });
  });
});

/** A bucket in memory, whose pages are short. */
class MemoryBucket {
  readonly name = 'memory';
  readonly #objects = new Map<string, { bytes: Buffer; lastModified: Date }>();

  async put(key: string, bytes: Uint8Array, { ifAbsent }: { ifAbsent: boolean }): Promise<boolean> {
    if (ifAbsent && this.#objects.has(key)) return false;
    this.#objects.set(key, { bytes: Buffer.from(bytes), lastModified: new Date() });
    return true;
  }
  async upload(key: string, parts: AsyncIterable<Buffer>): Promise<void> {
    const all: Buffer[] = [];
    for await (const part of parts) all.push(part);
    await this.put(key, Buffer.concat(all), { ifAbsent: false });
  }
  async get(key: string) {
    return this.#objects.get(key);
  }
  async head(key: string) {
    const found = this.#objects.get(key);
    return found && { size: found.bytes.length, sha256: sha256(found.bytes) };
  }
  async list(prefix: string, token = '') {
    const keys = [...this.#objects.keys()].filter((key) => key.startsWith(prefix) && key > token).sort();
    const page = keys.slice(0, 3);
    const objects = page.map((key) => {
      const { bytes, lastModified } = this.#objects.get(key)!;
      return { key, size: bytes.length, lastModified };
    });
    return { objects, ...(keys.length > page.length && { next: page.at(-1)! }) };
  }
  async delete(key: string): Promise<void> {
    this.#objects.delete(key);
  }
}

storageConformance('The example of storage.md', async () => {
  const { BucketStorage } = await load<{
    BucketStorage: new (bucket: MemoryBucket, cache: string) => Storage;
  }>('core/bucket-storage.ts');
  const bucket = new MemoryBucket();
  const cache = await folder();
  return [new BucketStorage(bucket, cache), new BucketStorage(bucket, cache)];
});

describe('tracker.md', () => {
  test('a tracker writes what it gets, once', async () => {
    const { LineTracker } = await load<{ LineTracker: new (folder: string) => Tracker }>('tracking/line-tracker.ts');
    const at = await folder();
    const record = (step: number) => ({ step, time: step, metrics: { 'reward/mean': step } });
    for (let i = 0; i < 2; i++) await new LineTracker(at).send('r', [record(1), record(2)]);
    expect(await readFile(join(at, 'r.jsonl'), 'utf8')).toBe(
      '{"step":1,"reward/mean":1}\n{"step":2,"reward/mean":2}\n',
    );
  });

  test('a program reads the points of a run from the store', async () => {
    const { csvPoints } = await load<{
      csvPoints(store: ArtifactStore, runKey: string, fromStep?: number): Promise<string[]>;
    }>('tracking/csv-points.ts');
    const store = new ArtifactStore(await folder());
    expect(await csvPoints(store, 'r')).toEqual([]);
    await writeRunTo(store, 'r', 2);
    expect(await csvPoints(store, 'r', 1)).toEqual([
      '1,1970-01-01T00:00:00.001Z,reward/mean,1',
      '2,1970-01-01T00:00:00.002Z,reward/mean,2',
    ]);
  });
});
