import { describe, expect, test } from 'vitest';
import { vdcIdInTask, vdcPredictions } from '../../../../benchmarks/vdc/vdc-predictions.ts';

describe('vdcPredictions', () => {
  test("a line of the authors' caption file has a caption under each aspect", () => {
    const captions = { short_caption: 'A man runs.', main_object_caption: 'A man in red.', camera_caption: '' };
    expect(vdcPredictions({ video_id: 'a', captions })).toEqual([
      { ids: ['camera/a'], caption: '' },
      { ids: ['short/a'], caption: 'A man runs.' },
      { ids: ['main_object/a'], caption: 'A man in red.' },
    ]);
  });

  test.each([
    ['something else', { id: 'a', caption: 'A man runs.' }],
    ['an aspect that is none', { video_id: 'a', captions: { sound_caption: 'Loud.' } }],
    ['a caption that is no text', { video_id: 'a', captions: { short_caption: 1 } }],
    ['nothing', null],
  ])('%s is no row of theirs', (_, row) => {
    expect(vdcPredictions(row)).toEqual([]);
  });
});

test.each([
  ['camera_test', 'camera/a'],
  ['main_object', 'main_object/a'],
  ['captions', 'a'],
])('an answer of the task %s is for %s', (task, id) => expect(vdcIdInTask(task, 'a')).toBe(id));
