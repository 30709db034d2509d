import { describe, expect, it } from 'vitest';
import { parseCompletion } from '../../../core/completion.ts';
import type { ReadManifest } from '../../../core/manifest.ts';
import type { Sample } from '../../../core/sample.ts';
import { evaluationTable } from '../../../tracking/evaluation-table.ts';
import { rolloutTable } from '../../../tracking/rollout-table.ts';

const video = { artifact: { uri: 'store:v.mp4', sha256: '0'.repeat(64), bytes: 1 } };
const sample = (id: string): Sample => ({ id, video, caption: `Reference of ${id}.` });
const manifest: ReadManifest = {
  name: 'n',
  digest: 'd',
  train: [sample('a'), sample('c')],
  heldOut: [sample('b')],
  quarantined: [],
  sample,
};
const completion = (text: string) => ({
  ...{ text, tokenIds: [1], logProbs: [-1], truncated: false },
  parsed: parseCompletion(text),
});

describe('rolloutTable', () => {
  const group = { sampleId: 'a', prompt: 'What happens?', completions: [completion('one'), completion('two')] };
  const scored = {
    ...{ groups: [group], rewards: [[1.5, null]], advantages: [[-1, null]] },
    scores: { format: [[1, 0]], think: [[0.5, null]], caption: [[0, 1]] },
  };

  it('has a row a completion with everything it earned', () => {
    const table = rolloutTable(3, [scored], manifest);
    const components = ['format', 'think', 'caption'];
    expect(table.columns).toEqual([
      'id',
      'completion',
      'reference',
      ...components,
      'reward',
      'advantage',
      'sample',
      'step',
      'prompt',
    ]);
    expect(table.data).toEqual([
      ['a #1', 'one', 'Reference of a.', 1, 0.5, 0, 1.5, -1, 'a', 3, 'What happens?'],
      ['a #2', 'two', 'Reference of a.', 0, null, 1, null, null, 'a', 3, 'What happens?'],
    ]);
  });

  it('has a column for a custom reward, after the others', () => {
    const scores = { ...scored.scores, mine: [[0.25, null]] };
    const table = rolloutTable(3, [{ ...scored, scores }], manifest);
    expect(table.columns.slice(3, 9)).toEqual(['format', 'think', 'caption', 'mine', 'reward', 'advantage']);
    expect(table.data.map((row) => row[6])).toEqual([0.25, null]);
  });

  it('says nothing where a rollout has no scores', () => {
    const table = rolloutTable(3, [{ ...scored, scores: {}, rewards: [], advantages: [] }], manifest);
    expect(table.data[0]).toEqual(['a #1', 'one', 'Reference of a.', null, null, 'a', 3, 'What happens?']);
    expect(table.columns).toEqual(['id', 'completion', 'reference', 'reward', 'advantage', 'sample', 'step', 'prompt']);
  });

  it('has the rows of every rollout of the step, in their order', () => {
    const second = {
      groups: [{ sampleId: 'c', completions: [completion('three')] }],
      scores: { format: [[1]], think: [[1]], caption: [[0.5]] },
      ...{ rewards: [[2.5]], advantages: [[0]] },
    };
    const { data } = rolloutTable(3, [scored, second], manifest);
    expect(data.map(([id]) => id)).toEqual(['a #1', 'a #2', 'c #1']);
    expect(data[2]).toEqual(['c #1', 'three', 'Reference of c.', 1, 1, 0.5, 2.5, 0, 'c', 3, null]);
  });

  it('has a row for every step that sampled, and none for one that did not', () => {
    expect(rolloutTable(3, [], manifest).data).toEqual([]);
  });
});

describe('evaluationTable', () => {
  it('puts what the policies said side by side', () => {
    const evaluation = (step: number, text: string, recall: number) => ({
      step,
      captions: [{ sampleId: 'b', text, tokens: 3, parsed: parseCompletion(text) }],
      details: {
        suite: 'held-out' as const,
        judge: { name: 'j', isLlm: false, prompts: [] },
        clips: [{ sampleId: 'b', tokens: 3, format: 1, rewards: {}, think: 0.5, event: { recall, precision: 1 } }],
      },
    });
    const table = evaluationTable(manifest.heldOut, [
      evaluation(0, 'nonsense', 0),
      evaluation(4, '<think>[]</think><answer>It moves.</answer>', 1),
    ]);
    expect(table.columns).toEqual([
      'sample',
      ...['caption @ 4', 'thought @ 4', 'event recall @ 4', 'event precision @ 4', 'think @ 4'],
      ...['caption @ 0', 'thought @ 0', 'event recall @ 0', 'event precision @ 0', 'think @ 0'],
      'reference',
    ]);
    expect(table.data).toEqual([['b', 'It moves.', '[]', 1, 1, 0.5, null, null, 0, 1, 0.5, 'Reference of b.']]);
  });
});
