import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { z } from 'zod';
import { GrpoConfig } from '../../../../algorithms/grpo.ts';
import { GspoConfig } from '../../../../algorithms/gspo.ts';
import { SftConfig } from '../../../../algorithms/sft.ts';
import { notFiniteText } from '../../../../core/not-finite.ts';
import type {
  CompletionBatch,
  GenerateRequest,
  NotFiniteUpdate,
  PolicyFiles,
  SampledCompletion,
  SampledGroup,
  UpdateRequest,
} from '../../../../core/policy-engine.ts';
import type { Frames } from '../../../../core/sample.ts';
import { sha256 } from '../../../../core/sha256.ts';
import { PolicyTokenizer } from '../../../../policy/model/tokenizer.ts';
import { OnnxEngine } from '../../../../policy/onnx/engine/onnx-engine.ts';
import { openModelFolder } from '../../../../policy/onnx/model/model-folder.ts';
import { writeSafetensors } from '../../../../policy/onnx/model/safetensors.ts';
import { readOptimizer, readWeights } from '../../../../policy/onnx/model/weights.ts';
import { DEFAULT_PROMPT } from '../../../../policy/prompt-config.ts';
import { refusal } from '../../../refusal.ts';
import { noisyFrames } from './noisy-frames.ts';

const folder = openModelFolder('tiny');
const { endToken } = new PolicyTokenizer(folder.path);
const engines: OnnxEngine[] = [];
let policy: PolicyFiles;

/** For whatever needs no engine of its own: graphs take seconds to load. */
const shared = freshEngine();

/** An engine that remembers nothing of the others. */
function freshEngine(): OnnxEngine {
  const engine = new OnnxEngine();
  engines.push(engine);
  return engine;
}

beforeAll(async () => {
  const path = join(folder.path, 'model.safetensors');
  policy = { model: 'tiny', weights: { path, sha256: sha256(await readFile(path)) } };
});
afterAll(() => Promise.all(engines.map((engine) => engine.close())));

const square = noisyFrames(1, [8, 84, 84]);
const other = noisyFrames(2, [8, 84, 84]);
const wide = noisyFrames(3, [4, 56, 112]);
const clips = [
  { sampleId: 'square', frames: square, prompt: DEFAULT_PROMPT },
  { sampleId: 'wide', frames: wide, prompt: DEFAULT_PROMPT },
  { sampleId: 'other', frames: other, prompt: DEFAULT_PROMPT },
];
const onnx = { kind: 'onnx', threads: 1 };
const sampling = { temperature: 1, seed: 5, path: ['rollout', 1] };
const rollout = (engine: OnnxEngine, some = clips) =>
  engine.generate({ engine: onnx, policy, clips: some, groupSize: 3, maxNewTokens: 12, sampling });

type GrpoRequest = UpdateRequest & { batch: CompletionBatch };

async function grpoRequest(engine: OnnxEngine): Promise<GrpoRequest> {
  const groups = (await rollout(engine)).map(({ completions }, i) => ({
    ...clips[i]!,
    completions: completions.map(({ tokenIds, logProbs }, c) => ({ tokenIds, logProbs, advantage: c - 1 })),
  }));
  const algorithm = GrpoConfig.parse({ kind: 'grpo', iterations: 2, optimizer: { learningRate: 1e-4 } });
  const batch = { learnsFrom: 'completions', groups, temperature: 1, maxLength: 12 } as const;
  return { engine: onnx, policy, reference: policy, step: 1, loss: 'grpo', algorithm, batch, folder: tmpdir() };
}

type Made = Exclude<Awaited<ReturnType<OnnxEngine['update']>>, NotFiniteUpdate>;

/** What an update gives that is made. */
async function made(update: ReturnType<OnnxEngine['update']>): Promise<Made> {
  const result = await update;
  if ('notFinite' in result) throw new Error(`The update was not made: ${notFiniteText(result.notFinite)}.`);
  return result;
}

/** A step of SFT on these texts. */
function sftRequest(
  samples: { frames: Frames; text: string }[],
  config: z.input<typeof SftConfig>,
): Omit<UpdateRequest, 'step'> {
  const asked = samples.map((sample, i) => ({ ...sample, sampleId: `${i}`, prompt: DEFAULT_PROMPT }));
  const batch = { learnsFrom: 'references', samples: asked } as const;
  return {
    engine: onnx,
    policy,
    reference: policy,
    loss: 'sft',
    algorithm: SftConfig.parse(config),
    batch,
    folder: tmpdir(),
  };
}

test('groups come in the order of the clips, whatever their grids, with all that an update needs', async () => {
  const groups = await rollout(shared);
  expect(groups.map(({ sampleId }) => sampleId)).toEqual(['square', 'wide', 'other']);
  for (const { completions } of groups) {
    expect(completions.length).toBe(3);
    for (const { tokenIds, logProbs, truncated } of completions) {
      expect(logProbs.length).toBe(tokenIds.length);
      expect(tokenIds.length).toBeLessThanOrEqual(12);
      expect(truncated).toBe(tokenIds.length === 12 && tokenIds.at(-1) !== endToken);
      for (const logProb of logProbs) expect(logProb).toBeLessThanOrEqual(0);
    }
  }
});

test('a sample is written about in the same way in whatever company, but for rounding', async () => {
  const engine = shared;
  const together = await rollout(engine);
  const [alone] = await rollout(engine, [clips[1]!]);
  expect(alone!.completions.map(({ tokenIds }) => tokenIds)).toEqual(
    together[1]!.completions.map(({ tokenIds }) => tokenIds),
  );
  for (const [c, { logProbs }] of alone!.completions.entries())
    for (const [t, logProb] of logProbs.entries())
      expect(logProb).toBeCloseTo(together[1]!.completions[c]!.logProbs[t]!, 4);
});

test('samples of one shape are written about in parts of two or more as they are together, bit for bit', async () => {
  const same = Array.from({ length: 6 }, (_, i) => ({
    ...{ sampleId: `s${i}`, frames: noisyFrames(10 + i, [8, 84, 84]), prompt: DEFAULT_PROMPT },
  }));
  const together = await rollout(shared, same);
  for (const size of [2, 3]) {
    const parts: SampledGroup[] = [];
    for (let from = 0; from < same.length; from += size)
      parts.push(...(await rollout(shared, same.slice(from, from + size))));
    expect(parts, `in parts of ${size}`).toEqual(together);
  }
});

test('a group whose completions may be too long to be written at once is written in parts, the same', async () => {
  const request = { engine: onnx, policy, clips: [clips[0]!], groupSize: 3, sampling };
  const [whole] = await shared.generate({ ...request, maxNewTokens: 512 });
  const reports: number[] = [];
  const onProgress = ({ done }: { done: number }) => reports.push(done);
  // Two completions of 32,768 tokens at a time.
  const [parts] = await shared.generate({ ...request, maxNewTokens: 32_768 }, { onProgress });
  expect(whole!.completions.every(({ truncated }) => !truncated)).toBe(true);
  const tokens = ({ completions }: SampledGroup) => completions.map(({ tokenIds }) => tokenIds);
  expect(tokens(parts!)).toEqual(tokens(whole!));
  expect(new Set(tokens(parts!).map(String)).size).toBe(3);
  expect([...new Set(reports)]).toContain(2);
});

test('a completion that needs more memory than there is is refused before it begins, with its sample', async () => {
  const request = { engine: onnx, policy, clips: [clips[1]!], groupSize: 1, sampling };
  await expect(shared.generate({ ...request, maxNewTokens: 1e9 })).rejects.toThrow(
    refusal('InvalidInput', 'sample wide', 'GB', 1e9) as Error,
  );
  const endless = {
    ...sftRequest([{ frames: square, text: 'It goes on. '.repeat(20_000) }], { kind: 'sft' }),
    step: 1,
  };
  await expect(shared.update(endless)).rejects.toThrow(refusal('InvalidInput', 'sample 0', 'GB') as Error);
});

test('greedy captions are the same for every completion, and take the likeliest tokens', async () => {
  const [group] = await freshEngine().generate({
    engine: onnx,
    policy,
    clips: [clips[0]!],
    groupSize: 2,
    maxNewTokens: 8,
  });
  expect(group!.completions[1]!.tokenIds).toEqual(group!.completions[0]!.tokenIds);
});

test('the same step in a fresh engine, and after other work, gives the same bytes', async () => {
  const first = freshEngine();
  const request = await grpoRequest(first);
  const learnt = await made(first.update(request));

  const second = freshEngine();
  const text = '<answer>A red star grows.</answer>';
  const sft = sftRequest([{ frames: square, text }], { kind: 'sft', optimizer: { learningRate: 1e-3 } });
  await made(second.update({ ...sft, step: 1 }));
  await second.generate({ engine: onnx, policy, clips, groupSize: 1, maxNewTokens: 3 });
  expect(await grpoRequest(second)).toEqual(request);
  const again = await made(second.update(request));

  expect(again.weights.sha256).toBe(learnt.weights.sha256);
  expect(again.optimizer.sha256).toBe(learnt.optimizer.sha256);
  expect(again.metrics).toEqual(learnt.metrics);
  expect(sha256(again.weights.bytes)).toBe(again.weights.sha256);
});

test('an update that is broken off amid its micro-batches and begun again gives the same bytes', async () => {
  const request = await grpoRequest(shared);
  const undisturbed = await made(shared.update(request));
  const engine = freshEngine();
  // Two grids are two micro-batches, and there are two updates; the policy is its own reference.
  for (const last of [1, 2, 3]) {
    const broken = new AbortController();
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      expect(total).toBe(2 * 2);
      if (done === last) broken.abort();
    };
    await expect(engine.update(request, { onProgress, signal: broken.signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
  }
  const again = await made(engine.update(request));
  expect(again.weights.sha256).toBe(undisturbed.weights.sha256);
  expect(again.optimizer.sha256).toBe(undisturbed.optimizer.sha256);
  expect(again.metrics).toEqual(undisturbed.metrics);
});

test('metrics of an update: sampled and recomputed log-probabilities agree, the KL starts at 0 and grows', async () => {
  const engine = shared;
  const { metrics, weights, optimizer } = await made(engine.update(await grpoRequest(engine)));
  expect(metrics.samplingMismatch).toBeLessThan(1e-4);
  expect(metrics).toMatchObject({ updates: 2, excludedCompletions: 0, learningRate: 1e-4 });
  for (const name of ['loss', 'gradNorm', 'entropy', 'kl', 'clipFraction'])
    expect(metrics[name], name).toBeTypeOf('number');
  expect(metrics.kl).toBeGreaterThan(0);
  expect(metrics.gradNorm).toBeGreaterThan(0);
  readWeights(weights.bytes, folder);
  expect(readOptimizer(optimizer.bytes, folder).updates).toBe(2);
});

test('GSPO makes the first update of GRPO, and clips whole completions from the second on', async () => {
  const request = await grpoRequest(shared);
  const optimizer = { learningRate: 1e-4 };
  const gspo = (iterations: number) => ({
    ...{ ...request, loss: 'gspo' },
    algorithm: GspoConfig.parse({ kind: 'gspo', iterations, optimizer }),
  });
  const grpo = { ...request, algorithm: GrpoConfig.parse({ beta: 0, optimizer }) };
  const [once, thrice, other] = [
    await made(shared.update(gspo(1))),
    await made(shared.update(gspo(3))),
    await made(shared.update(grpo)),
  ] as const;
  expect(once.metrics.gradNorm! / other.metrics.gradNorm!).toBeCloseTo(1, 4);
  expect(once.metrics).toMatchObject({ updates: 1, clipFraction: 0 });
  expect(thrice.metrics).toMatchObject({ updates: 3, excludedCompletions: 0 });
  expect(thrice.metrics.clipFraction).toBeGreaterThan(0);
  expect(thrice.metrics.kl).toBeGreaterThan(0);
  // The completions of higher advantage become likelier.
  expect(thrice.metrics.loss).toBeLessThan(once.metrics.loss!);
  expect(new Set([policy.weights.sha256, once.weights.sha256, thrice.weights.sha256]).size).toBe(3);
});

test('with a lag, ratios are taken to what was recorded while an earlier policy sampled', async () => {
  const request = await grpoRequest(shared);
  const algorithm = GrpoConfig.parse({ rolloutLag: 1, beta: 0, optimizer: { learningRate: 1e-4 } });
  const without = await made(shared.update({ ...request, algorithm: { ...algorithm, rolloutLag: 0 } }));
  const same = await made(shared.update({ ...request, algorithm }));
  expect(same.metrics.gradNorm! / without.metrics.gradNorm!).toBeCloseTo(1, 4);
  // Each token was likelier by a tenth under the policy that sampled: ratios are 0.9 where they were 1.
  const groups = request.batch.groups.map(({ completions, ...group }) => ({
    ...group,
    completions: completions.map(({ logProbs, ...one }) => ({
      ...one,
      logProbs: logProbs.map((l) => l - Math.log(0.9)),
    })),
  }));
  const lagged = await made(shared.update({ ...request, batch: { ...request.batch, groups }, algorithm }));
  expect(lagged.metrics.gradNorm! / without.metrics.gradNorm!).toBeCloseTo(0.9, 3);
  expect(lagged.metrics.samplingMismatch).toBeCloseTo(-Math.log(0.9), 3);
  expect(lagged.metrics.clipFraction).toBe(0);
});

describe('with filters', () => {
  const filters = { topK: 20, topP: 0.9, minP: 0.01, repetitionPenalty: 1.1 };
  const filtered = (request: Partial<GenerateRequest> = {}) =>
    shared.generate({ engine: onnx, policy, clips, groupSize: 3, maxNewTokens: 12, sampling, filters, ...request });

  test('tokens have the log-probability they were drawn with, and that of the policy alone', async () => {
    const [group] = await filtered({ filters: { ...filters, repetitionPenalty: 1 } });
    for (const { tokenIds, logProbs, policyLogProbs } of group!.completions) {
      expect(policyLogProbs!.length).toBe(tokenIds.length);
      // What is left has a larger share each.
      for (const [t, logProb] of logProbs.entries()) expect(logProb).toBeGreaterThanOrEqual(policyLogProbs![t]!);
    }
    expect((await rollout(shared))[0]!.completions[0]).not.toHaveProperty('policyLogProbs');
  });

  test('the ratios of an update start at exactly 1, and what was sampled is what the graphs recompute', async () => {
    const request = await grpoRequest(shared);
    const groups = (await filtered()).map(({ completions }, i) => ({
      ...request.batch.groups[i]!,
      completions: completions.map(({ tokenIds, logProbs, policyLogProbs }, c) => ({
        ...{ tokenIds, logProbs: policyLogProbs!, filteredLogProbs: logProbs, advantage: c - 0.5 },
      })),
    }));
    const algorithm = { ...request.algorithm, iterations: 1 };
    const learn = (some: typeof groups) =>
      made(shared.update({ ...request, algorithm, batch: { ...request.batch, groups: some } }));
    const { metrics, weights } = await learn(groups);
    expect(metrics.samplingMismatch).toBeLessThan(1e-4);
    expect(metrics).toMatchObject({ clipFraction: 0, updates: 1 });
    expect(metrics.kl).toBeCloseTo(0, 8);
    expect(metrics.loss).toBeCloseTo(-0.5, 6); // minus the mean advantage: every ratio is 1
    // Log-probabilities of the filtered distribution would be far off, and change the metric alone.
    const other = await learn(
      groups.map((group) => ({
        ...group,
        completions: group.completions.map((one) => ({ ...one, logProbs: one.filteredLogProbs })),
      })),
    );
    expect(other.metrics.samplingMismatch).toBeGreaterThan(0.01);
    expect(other.weights.sha256).toBe(weights.sha256);
  });

  test('a repetition penalty changes greedy captions, which stay a function of the clip', async () => {
    const caption = (repetitionPenalty: number) =>
      shared.generate({
        ...{ engine: onnx, policy, clips: [clips[0]!], groupSize: 1, maxNewTokens: 24 },
        filters: { topK: 0, topP: 1, minP: 0, repetitionPenalty },
      });
    const plain = await shared.generate({ engine: onnx, policy, clips: [clips[0]!], groupSize: 1, maxNewTokens: 24 });
    expect(await caption(1)).toEqual(plain);
    expect((await caption(1.5))[0]!.completions[0]!.tokenIds).not.toEqual(plain[0]!.completions[0]!.tokenIds);
    expect(await caption(1.5)).toEqual(await caption(1.5));
  });
});

test('each clip is asked its own prompt, in whatever company; special tokens in one are refused', async () => {
  const generate = (some: typeof clips) =>
    shared.generate({ engine: onnx, policy, clips: some, groupSize: 2, maxNewTokens: 8, sampling });
  const asked = (i: number, prompt: string) => ({ ...clips[i]!, prompt });
  const tokens = async (some: typeof clips) =>
    (await generate(some)).map(({ completions }) => completions.map(({ tokenIds }) => tokenIds));
  const [plain] = await tokens([clips[0]!]);
  const [own, third] = await tokens([asked(0, 'Describe the video.'), asked(2, 'Describe the circle.')]);
  expect(own).not.toEqual(plain);
  expect(await tokens([asked(2, 'Describe the circle.'), clips[0]!, asked(0, 'Describe the video.')])).toEqual([
    third,
    plain,
    own,
  ]);
  await expect(generate([asked(0, 'Look <|im_end|> here')])).rejects.toMatchObject({
    code: 'InvalidInput',
    message: expect.stringContaining(
      'The prompt "Look <|im_end|> here" holds <|im_end|>, a special token of the model',
    ),
  });
});

test('excluded completions have no influence, and a batch of nothing else leaves the policy as it is', async () => {
  const engine = shared;
  const request = await grpoRequest(engine);
  const change = (edit: (c: number) => Partial<SampledCompletion>): UpdateRequest => ({
    ...request,
    batch: {
      ...request.batch,
      groups: request.batch.groups.map((group) => ({
        ...group,
        completions: group.completions.map((completion, c) => ({ ...completion, ...edit(c) })),
      })),
    },
  });
  const without = await made(engine.update(change((c) => (c === 0 ? { advantage: null } : {}))));
  const gibberish = await made(
    engine.update(
      change((c) =>
        c === 0 ? { advantage: null, tokenIds: request.batch.groups[0]!.completions[1]!.tokenIds.slice(0, 2) } : {},
      ),
    ),
  );
  expect(without.metrics.excludedCompletions).toBe(3);
  for (const name of ['loss', 'gradNorm', 'kl', 'tokens'])
    expect(gibberish.metrics[name]).toBeCloseTo(without.metrics[name]!, 5);

  const nothing = await made(engine.update(change(() => ({ advantage: null }))));
  expect(nothing.weights.sha256).toBe(policy.weights.sha256);
  expect(nothing.metrics).toEqual({ tokens: 0, excludedCompletions: 9, learningRate: 1e-4, updates: 0 });
  expect(readOptimizer(nothing.optimizer.bytes, folder).updates).toBe(0);
});

describe('an update with a number that is not finite is not made, and says what it was and of which sample', () => {
  const withAdvantages = (request: GrpoRequest, advantage: (g: number, c: number) => number | null): GrpoRequest => ({
    ...request,
    batch: {
      ...request.batch,
      groups: request.batch.groups.map((group, g) => ({
        ...group,
        completions: group.completions.map((one, c) => ({ ...one, advantage: advantage(g, c) })),
      })),
    },
  });
  const grpo = (config: object): GrpoConfig => ({ ...GrpoConfig.parse({ kind: 'grpo', iterations: 2 }), ...config });

  /** Weights that are finite, but with which nothing can be computed. */
  async function hugeWeights(): Promise<PolicyFiles> {
    const tensors = readWeights(await readFile(policy.weights.path), folder);
    const [name] = [...tensors.keys()].filter((one) => one.endsWith('norm.weight')).slice(-1);
    tensors.get(name!)!.data.fill(3e38);
    const bytes = writeSafetensors(tensors);
    const path = join(await mkdtemp(join(tmpdir(), 'videocap-huge-')), 'model.safetensors');
    await writeFile(path, bytes);
    return { ...policy, weights: { path, sha256: sha256(bytes) } };
  }

  test('an advantage', async () => {
    const request = withAdvantages(await grpoRequest(shared), (g, c) => (g === 1 && c === 2 ? -1e39 : 1));
    expect(await shared.update(request)).toEqual({
      notFinite: { what: 'advantage', value: '-Infinity', samples: ['wide'] },
    });
    expect(await shared.update(withAdvantages(request, (g) => (g === 1 ? null : 1)))).toHaveProperty('weights');
  });

  test('a gradient whose norm no 32-bit float holds', async () => {
    const request = withAdvantages(await grpoRequest(shared), (_, c) => (c === 0 ? 1e30 : -1e30));
    expect(await shared.update(request)).toMatchObject({ notFinite: { what: 'gradient', value: 'Infinity' } });
  });

  test('of the second of two updates: nothing of the first is kept', async () => {
    // Before the first update the KL is 0; after it the policy has moved, and this weight makes it infinite.
    const request = { ...(await grpoRequest(shared)), algorithm: grpo({ beta: 1e38 }) };
    const { notFinite } = (await shared.update(request)) as NotFiniteUpdate;
    expect(['loss', 'gradient']).toContain(notFinite.what);
    expect(await shared.update({ ...request, algorithm: grpo({ beta: 1e38, iterations: 1 }) })).toHaveProperty(
      'weights',
    );
    const plain = await grpoRequest(shared);
    const [here, elsewhere] = [await made(shared.update(plain)), await made(freshEngine().update(plain))];
    expect([here.weights.sha256, here.optimizer.sha256]).toEqual([
      elsewhere.weights.sha256,
      elsewhere.optimizer.sha256,
    ]);
  });

  test('the new weights, by the name of the first that is not finite', async () => {
    const algorithm = grpo({ optimizer: { ...grpo({}).optimizer, learningRate: 1e39 } });
    const { notFinite } = (await shared.update({ ...(await grpoRequest(shared)), algorithm })) as NotFiniteUpdate;
    expect(notFinite).toMatchObject({ what: 'weight after the update' });
    expect(folder.parameters.map(({ name }) => name)).toContain(notFinite.where);
  });

  test('log-probabilities of the policy, and of the reference policy', async () => {
    const request = await grpoRequest(shared);
    const huge = await hugeWeights();
    const [own, reference] = [
      await shared.update({ ...request, policy: huge }),
      await shared.update({ ...request, reference: huge }),
    ];
    expect(own).toMatchObject({ notFinite: { what: 'log-probability', samples: [expect.any(String)] } });
    expect(reference).toMatchObject({ notFinite: { what: 'log-probability of the reference policy' } });
  });

  test.each([1e-30, 1e-37])('the entropy at a temperature of %s', async (temperature) => {
    const request = withAdvantages(await grpoRequest(shared), () => 0);
    const found = await shared.update({ ...request, batch: { ...request.batch, temperature } });
    expect(found).toEqual({
      notFinite: { what: 'metric', value: 'NaN', samples: [expect.any(String)], where: 'entropy' },
    });
  });

  test.each([Number.NEGATIVE_INFINITY, Number.NaN])('a log-probability recorded as %s', async (value) => {
    const request = await grpoRequest(shared);
    const [first, ...others] = request.batch.groups;
    const [one, ...rest] = first!.completions;
    const broken = { ...one!, logProbs: one!.logProbs.map((logProb, t) => (t === 0 ? value : logProb)) };
    const withBroken = (completion: SampledCompletion): GrpoRequest => {
      const groups = [{ ...first!, completions: [completion, ...rest] }, ...others];
      return { ...request, batch: { ...request.batch, groups } };
    };
    expect(await shared.update(withBroken(broken))).toEqual({
      notFinite: {
        what: 'log-probability',
        value: String(value),
        samples: ['square'],
        where: 'as recorded while sampling',
      },
    });
    expect(await shared.update(withBroken({ ...broken, advantage: null }))).toHaveProperty('weights');
  });

  test('the loss of SFT, with the samples that were computed together', async () => {
    const sft = sftRequest([{ frames: square, text: 'A star.' }], { kind: 'sft' });
    expect(await shared.update({ ...sft, policy: await hugeWeights(), step: 1 })).toMatchObject({
      notFinite: { what: 'loss', samples: ['0'] },
    });
  });

  test('a policy that leaves no token to choose is no wrong model: its failure names the sample', async () => {
    const huge = await hugeWeights();
    const request = { engine: onnx, policy: huge, clips, groupSize: 1, maxNewTokens: 2, sampling };
    await expect(shared.generate(request)).rejects.toMatchObject({
      code: 'Diverged',
      message: expect.stringMatching(/^Sample square: The policy .*start from an earlier checkpoint/),
    });
  });
});

test('SFT lowers the loss of what it learns, step by step, carrying its moments along', async () => {
  const engine = shared;
  const samples = [
    { frames: square, text: '<answer>A small red circle moves left.</answer>' },
    { frames: wide, text: '<answer>A large blue square grows.</answer>' },
  ];
  const sft = sftRequest(samples, { kind: 'sft', steps: 3, optimizer: { learningRate: 1e-3 } });
  const home = await mkdtemp(join(tmpdir(), 'videocap-sft-'));
  const save = async (name: string, { weights, optimizer }: Made) => {
    const paths = [join(home, `${name}.weights`), join(home, `${name}.optimizer`)] as const;
    await Promise.all([writeFile(paths[0], weights.bytes), writeFile(paths[1], optimizer.bytes)]);
    return {
      model: 'tiny',
      weights: { path: paths[0], sha256: weights.sha256 },
      optimizer: { path: paths[1], sha256: optimizer.sha256 },
    };
  };
  const losses: number[] = [];
  let current = policy;
  let last: Made | undefined;
  for (let step = 1; step <= 3; step++) {
    last = await made(engine.update({ ...sft, policy: current, step }));
    losses.push(last.metrics.loss!);
    if (step < 3) current = await save(String(step), last);
  }
  expect(losses[1]).toBeLessThan(losses[0]!);
  expect(losses[2]).toBeLessThan(losses[1]!);
  // Another engine, which has to read the files, ends with the same bytes.
  const elsewhere = await made(freshEngine().update({ ...sft, policy: current, step: 3 }));
  expect(elsewhere.weights.sha256).toBe(last!.weights.sha256);
  await rm(home, { recursive: true });
});

test('the event loop stays free while the engine computes', async () => {
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 5);
  const reports: number[] = [];
  await shared.generate(
    { engine: onnx, policy, clips, groupSize: 2, maxNewTokens: 8, sampling },
    { onProgress: ({ done }) => reports.push(done) },
  );
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(5);
  expect(reports.length).toBeGreaterThan(5);
  expect(reports).toEqual([...reports].sort((a, b) => a - b));
});

test('a missing or changed file fails differently from an invalid model', async () => {
  const engine = shared;
  const request = { engine: onnx, clips: [clips[0]!], groupSize: 1, maxNewTokens: 1 };
  const gone = { ...policy, weights: { ...policy.weights, path: '/nowhere/model.safetensors', sha256: '0' } };
  await expect(engine.generate({ ...request, policy: gone })).rejects.toMatchObject({ code: 'CorruptArtifact' });
  const changed = { ...policy, weights: { ...policy.weights, sha256: '0'.repeat(64) } };
  await expect(engine.generate({ ...request, policy: changed })).rejects.toThrow('expected 0000');
  await expect(engine.generate({ ...request, policy: { ...policy, model: 'tinny' } })).rejects.toMatchObject({
    code: 'InvalidModel',
  });
  expect((await engine.generate({ ...request, policy })).length).toBe(1);
});

test('a loss that the engine does not have, and a batch of another kind, are refused with a sentence', async () => {
  const sft = { ...sftRequest([], { kind: 'sft' }), step: 1 };
  await expect(shared.update({ ...sft, loss: 'ppo' })).rejects.toThrow(
    refusal('InvalidInput', 'onnx', '"ppo"', 'grpo, gspo, sft.'),
  );
  await expect(shared.update({ ...sft, loss: 'grpo' })).rejects.toThrow(
    refusal('InvalidInput', 'grpo', 'completions', 'references', 'completions.'),
  );
});

test('a model without the graph of a loss can sample, and is refused when a run asks for the loss', async () => {
  const model = await mkdtemp(join(tmpdir(), 'videocap-graphs-'));
  await cp(folder.path, model, { recursive: true });
  await rm(join(model, 'onnx', 'sft-gradients.onnx'));
  const own = { ...policy, model };
  const sft = sftRequest([{ frames: square, text: 'A star.' }], { kind: 'sft' });
  await expect(shared.update({ ...sft, policy: own, step: 1 })).rejects.toMatchObject({
    code: 'InvalidModel',
    message:
      `Model "${model}" has no graph sft-gradients, which algorithm sft needs; ` +
      `run \`npm run model:build\` to make it in ${join(model, 'onnx')}.`,
  });
  const request = { engine: onnx, policy: own, clips: [clips[0]!], groupSize: 1, maxNewTokens: 1 };
  expect(await shared.generate(request)).toHaveLength(1);
  await rm(model, { recursive: true });
});
