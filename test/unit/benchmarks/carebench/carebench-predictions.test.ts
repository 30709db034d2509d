import { expect, test } from 'vitest';
import { careBenchPredictions } from '../../../../benchmarks/carebench/carebench-predictions.ts';

test.each([
  [
    'description.json, by idx',
    { id: '7', pred: 'A man runs.', gt: 'A man walks.', events: null },
    [['7', 'A man runs.']],
  ],
  ['eval infos', { idx: 7, gt: 'a man walks.', pred: 'a man runs.' }, [['7', 'a man runs.']]],
  ['something else', { id: '7', caption: 'A man runs.' }, []],
  ['a caption that is no text', { idx: 7, pred: null }, []],
])('%s', (_, row, expected) => {
  expect(careBenchPredictions(row).map(({ id, caption }) => [id, caption])).toEqual(expected);
});
