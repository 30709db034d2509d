import { describe, expect, test } from 'vitest';
import { vdcPredictions } from '../../../../benchmarks/vdc/vdc-predictions.ts';

describe('vdcPredictions', () => {
  test("a line of the authors' caption file has a caption under each aspect", () => {
    const captions = { short_caption: 'A man runs.', main_object_caption: 'A man in red.', camera_caption: '' };
    expect(vdcPredictions({ video_id: 'a', captions })).toEqual([
      { id: 'camera/a', caption: '' },
      { id: 'short/a', caption: 'A man runs.' },
      { id: 'main_object/a', caption: 'A man in red.' },
    ]);
  });

  test('an entry of an lmms-eval log has one caption, found by the video', () => {
    const logged = { doc_id: 3, doc: { video_id: 'a', caption: 'gt' }, resps: [['A man runs.']], filtered_resps: [] };
    expect(vdcPredictions(logged)).toEqual([{ id: 'a', caption: 'A man runs.' }]);
  });

  test.each([
    ['something else', { id: 'a', caption: 'A man runs.' }],
    ['an entry without an answer', { doc: { video_id: 'a' }, resps: [[]] }],
    ['an aspect that is none', { video_id: 'a', captions: { sound_caption: 'Loud.' } }],
    ['a caption that is no text', { video_id: 'a', captions: { short_caption: 1 } }],
    ['nothing', null],
  ])('%s is no row of theirs', (_, row) => {
    expect(vdcPredictions(row)).toEqual([]);
  });
});
