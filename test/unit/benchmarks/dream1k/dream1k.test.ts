import { expect, test } from 'vitest';
import { measureWithBounds } from '../../../../benchmarks/bootstrap.ts';
import { dream1k } from '../../../../benchmarks/dream1k/dream1k.ts';

const itemOf = (id: string, category: string) => ({
  id,
  clip: id,
  video: `${id}.mp4`,
  category,
  reference: 'A cat runs.',
});
const score = { recall: 1 / 3, precision: 0.5, events: ['a cat runs'] };

test('categories stand beside what Tarsier2 published of them; others have no such number', async () => {
  const scored = ['movie_animation', 'youtube', 'film'].map((category, i) => ({
    item: itemOf(`${i}`, category),
    score,
  }));
  const { tables } = await dream1k.summarise(scored, new Set(), measureWithBounds);
  const [table] = tables;
  expect(table!.columns).toEqual([
    ...['Category', 'F1', 'Recall', 'Precision', 'Clips', 'F1 of Tarsier2-7B', 'F1 of Tarsier2-Recap-7B'],
  ]);
  // `bytedance/tarsier`, README: 0.398 and 0.364 of animation, 0.351 and 0.343 of YouTube.
  expect(table!.rows.map(({ label, values }) => [label, ...values.slice(4)])).toEqual([
    ['film', null, null],
    ['movie_animation', 39.8, 36.4],
    ['youtube', 35.1, 34.3],
  ]);
});

test('a clip is described with its recall and precision', () => {
  expect(dream1k.describe(itemOf('1', 'youtube'), score).slice(0, 2)).toEqual([
    'Events: recall 33.3, precision 50.0.',
    'Reference: A cat runs.',
  ]);
});
