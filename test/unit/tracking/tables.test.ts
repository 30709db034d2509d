import { describe, expect, it } from 'vitest';
import { parseCompletion } from '../../../core/completion.ts';
import type { ReadManifest } from '../../../core/manifest.ts';
import type { Sample } from '../../../core/sample.ts';
import {
  completionRows,
  completionsTable,
  type SampledRollout,
  tabledRows,
  tabledSteps,
} from '../../../tracking/completions-table.ts';
import { evaluationTable } from '../../../tracking/evaluation-table.ts';

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

describe('the table of completions', () => {
  const group = { sampleId: 'a', prompt: 'What happens?', completions: [completion('one'), completion('two')] };
  const scored = {
    ...{ groups: [group], rewards: [[1.23456, null]], advantages: [[-1, null]] },
    scores: { format: [[1, 0]], think: [[0.5, null]], caption: [[0, 1]] },
  };
  const tableOf = (...rollouts: SampledRollout[]) => completionsTable(completionRows(3, rollouts, manifest));

  it('has a row a completion: step, prompt, sample, reward and advantage to the left, rounded', () => {
    expect(tableOf(scored)).toEqual({
      columns: [
        ...['id', 'completion', 'step', 'prompt', 'sample', 'reward', 'advantage'],
        ...['format', 'think', 'caption', 'reference'],
      ],
      data: [
        ['3 a #1', 'one', 3, 'What happens?', 'a', 1.235, -1, 1, 0.5, 0, 'Reference of a.'],
        ['3 a #2', 'two', 3, 'What happens?', 'a', null, null, 0, null, 1, 'Reference of a.'],
      ],
    });
  });

  it('has a column for a custom reward, after the others', () => {
    const table = tableOf({ ...scored, scores: { ...scored.scores, mine: [[0.25, null]] } });
    expect(table.columns.slice(7)).toEqual(['format', 'think', 'caption', 'mine', 'reference']);
    expect(table.data.map((row) => row[10])).toEqual([0.25, null]);
  });

  it('leaves empty what a rollout has no scores for', () => {
    const bare = { groups: [{ sampleId: 'c', completions: [completion('three')] }], scores: {} };
    const table = tableOf(scored, { ...bare, rewards: [], advantages: [] });
    expect(table.data[2]).toEqual(['3 c #1', 'three', 3, null, 'c', null, null, null, null, null, 'Reference of c.']);
  });

  it('is of few steps however long a run is: the first, and others at equal distances', () => {
    expect(tabledSteps(-1)).toEqual([]);
    expect(tabledSteps(0)).toEqual([]);
    expect(tabledSteps(3)).toEqual([1, 2, 3]);
    expect(tabledSteps(32)).toEqual(Array.from({ length: 32 }, (_, i) => i + 1));
    expect(tabledSteps(70).slice(0, 4)).toEqual([1, 4, 8, 12]);
    for (const last of [33, 60, 999, 10_000]) expect(tabledSteps(last).length).toBeLessThanOrEqual(33);
    // The next step changes the table seldom: a long run writes it 16 times for twice as many steps.
    const tables = new Set(Array.from({ length: 10_000 }, (_, i) => `${tabledSteps(i + 1)}`));
    expect(tables.size).toBeLessThan(200);
  });

  it('has few rows of a step, with long texts cut', () => {
    const many = Array.from({ length: 20 }, () => completion('x'.repeat(5000)));
    const rows = tabledRows(
      completionRows(3, [{ ...scored, groups: [{ sampleId: 'a', completions: many }] }], manifest),
    );
    expect(rows).toHaveLength(16);
    expect(rows[0]!.completion).toBe(`${'x'.repeat(1999)}…`);
  });
});

describe('evaluationTable', () => {
  const evaluation = (step: number, text: string, recall: number) => ({
    step,
    captions: [{ sampleId: 'b', text, tokens: 3, parsed: parseCompletion(text) }],
    details: {
      suite: 'held-out' as const,
      judge: { name: 'j', isLlm: false, prompts: [] },
      clips: [{ sampleId: 'b', tokens: 3, format: 1, rewards: {}, think: 0.5, event: { recall, precision: 1 } }],
    },
  });
  const trained = (step: number) => evaluation(step, '<think>[]</think><answer>It moves.</answer>', 2 / 3);

  it('puts what the policies said side by side', () => {
    const table = evaluationTable(manifest.heldOut, [evaluation(0, 'nonsense', 0), trained(4)]);
    expect(table.columns).toEqual([
      ...['sample', 'caption', 'event recall', 'event precision', 'think', 'thought', 'step'],
      ...['base caption', 'base event recall', 'base event precision', 'base think', 'base thought', 'reference'],
    ]);
    expect(table.data).toEqual([['b', 'It moves.', 0.667, 1, 0.5, '[]', 4, null, 0, 1, 0.5, null, 'Reference of b.']]);
  });

  it('has the same columns in every run, so that MLflow sets runs side by side', () => {
    const columns = (...evaluations: ReturnType<typeof trained>[]) =>
      evaluationTable(manifest.heldOut, evaluations).columns;
    expect(columns(trained(0), trained(60))).toEqual(columns(trained(0), trained(4)));
    expect(columns(trained(0))).toEqual(columns(trained(0), trained(4)));
  });
});
