import { describe, expect, it } from 'vitest';
import { ExperimentConfig } from '../../../configs/schema.ts';
import type { RunSnapshot } from '../../../contracts/run-state.ts';
import { embeddingFiles } from '../../../rewards/think/embedding-model.ts';
import { benchmarkIdentity } from '../../../workflows/benchmark-identity.ts';
import { heldOutIdentity } from '../../../workflows/evaluate.ts';
import { RunState } from '../../../workflows/run-state.ts';

const ref = (digit: string) => ({ uri: `store:${digit}`, sha256: digit.repeat(64), bytes: 1 });
const LLM = { kind: 'llm', model: 'm', baseUrl: 'http://127.0.0.1:1/v1' };

function identityOf(
  config: object = {},
  {
    clips = ref('1'),
    manifest = ref('2'),
    judgeVersion = undefined as string | undefined,
    embedding = undefined as object | undefined,
  } = {},
): string {
  const snapshot: RunSnapshot = {
    ...{ runKey: 'r', config: ExperimentConfig.parse(config), startTime: 0, step: 0, evaluations: [], lastMetrics: {} },
    ...{ mirroredStep: -1, recordedStep: -1, spent: { usd: 0, calls: 0 }, limits: {} },
    dataset: { manifest, digest: 'd', train: 1 },
    heldOutClips: clips,
  };
  return heldOutIdentity(new RunState(snapshot), judgeVersion, embedding);
}

describe('the identity of the held-out benchmark', () => {
  it.each<[string, object, object?]>([
    ['the engine', { policy: { engine: { kind: 'onnx', threads: 3 } } }],
    ['the form of the answer', { prompt: { output: 'plain' }, reward: { think: { weight: 0 } } }],
    ['the token limit', { benchmark: { maxNewTokens: 64 } }],
    ['the temperature', { benchmark: { temperature: 0.7 } }],
    ['the repetition penalty', { benchmark: { repetitionPenalty: 1.2 } }],
    ['the metrics', { benchmark: { metrics: ['events', 'rougeL'] } }],
    ['the variant of a reward', { reward: { caption: { variant: 'f1' } } }],
    ['the similarity of the think score', { reward: { think: { similarity: 'token-f1' } } }],
    ['the judge', { judge: LLM }],
    ['the judge of benchmarks alone', { benchmark: { judge: LLM } }],
  ])('is another one where this changes: %s', (_, config) => {
    expect(identityOf(config)).not.toBe(identityOf());
  });

  it('is another one where clips (videos, frames, prompts) or the data set are others, by the same config', () => {
    expect(identityOf({}, { clips: ref('3') })).not.toBe(identityOf());
    expect(identityOf({}, { manifest: ref('3') })).not.toBe(identityOf());
    const moved = { ...ref('1'), uri: 'store:elsewhere' };
    expect(identityOf({}, { clips: moved })).toBe(identityOf());
  });

  it('is another one where another version of the judge answers', () => {
    const [first, second, third] = [undefined, 'model m-2', 'model m-3'].map((judgeVersion) =>
      identityOf({ judge: LLM }, { judgeVersion }),
    );
    expect(new Set([first, second, third]).size).toBe(3);
    expect(identityOf({ judge: LLM }, { judgeVersion: 'model m-2' })).toBe(second);
  });

  it('is another one where another model embeds the phrases', () => {
    const files = embeddingFiles();
    const others = [{ ...files, weights: '0'.repeat(12) }, { ...files, tokenizer: '0'.repeat(12) }, undefined];
    const all = [files, ...others].map((embedding) => identityOf({}, { embedding }));
    expect(new Set(all).size).toBe(4);
    expect(identityOf({}, { embedding: { ...files } })).toBe(all[0]);
  });

  it('is another one where the endpoint of the judge, its model or its fields are', () => {
    const judged = (more: object) => identityOf({ judge: { ...LLM, ...more } });
    const same = judged({});
    for (const more of [
      { model: 'n' },
      { baseUrl: 'http://127.0.0.1:2/v1' },
      { extraBody: { a: 1 } },
      { maxTokens: 99 },
    ])
      expect(judged(more)).not.toBe(same);
  });

  it('stays where only training changes, or what the judge costs and how patiently it is asked', () => {
    expect(identityOf({ algorithm: { kind: 'sft', steps: 9 }, sampling: { groupSize: 4 } })).toBe(identityOf());
    expect(identityOf({ name: 'other', checkpoints: { keepEvery: 3 }, benchmark: { everySteps: 7 } })).toBe(
      identityOf(),
    );
    const patience = { concurrency: 2, budget: { calls: 5 }, patienceSeconds: 1, price: { inputPerMillion: 3 } };
    expect(identityOf({ judge: { ...LLM, ...patience } })).toBe(identityOf({ judge: LLM }));
  });

  it('depends on the seed where benchmarks draw tokens, and only there', () => {
    expect(identityOf({ seed: 2 })).toBe(identityOf());
    const drawn = { benchmark: { temperature: 0.7 } };
    expect(identityOf({ ...drawn, seed: 2 })).not.toBe(identityOf(drawn));
  });

  it('does not depend on the order of fields', () => {
    const judge = { kind: 'rule-based' } as const;
    expect(benchmarkIdentity({ judge, a: 1, b: { c: 2, d: [3] } })).toBe(
      benchmarkIdentity({ b: { d: [3], c: 2 }, a: 1, judge, e: undefined }),
    );
    expect(benchmarkIdentity({ judge, a: [1, 2] })).not.toBe(benchmarkIdentity({ judge, a: [2, 1] }));
  });
});
