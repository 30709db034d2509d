import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readDream1k } from '../../../../benchmarks/dream1k/dream1k-annotations.ts';

/** A row of the published layout. */
const row = (changes: object = {}) => ({
  messages: [
    {
      content: [
        { reference: null, text: null, type: 'video', video: { video_file: '<placeholder>' } },
        { reference: null, text: 'Describe the video in detail.', type: 'text', video: null },
      ],
      role: 'user',
    },
    { content: [{ reference: 'A Cat runs "fast".', text: '', type: 'text', video: null }], role: 'assistant' },
  ],
  dataset: 'DREAM/movie_animation',
  task: 'video/caption',
  idx: 7,
  extra_info: { duration: 5.09, events: ['A cat runs.'], n_events: 1, n_shots: 2, n_subjects: 4, old_duration: 3 },
  vid: 7,
  ...changes,
});

async function read(...rows: (object | string)[]) {
  const path = join(await mkdtemp(join(tmpdir(), 'videocap-dream1k-')), 'DREAM-1k.jsonl');
  await writeFile(path, rows.map((each) => (typeof each === 'string' ? each : JSON.stringify(each))).join('\n'));
  return readDream1k(path);
}

const item = {
  id: '7',
  clip: '7',
  video: '7.mp4',
  category: 'movie_animation',
  reference: 'A Cat runs "fast".',
  instruction: 'Describe the video in detail.',
  events: ['A cat runs.'],
  subjects: 4,
  shots: 2,
};

describe('the DREAM-1K file', () => {
  it('is read as its authors ship it; videos are named by idx', async () => {
    expect(await read(row())).toEqual([item]);
  });

  it('may name its videos, once someone has filled in their paths', async () => {
    const [first] = row().messages;
    const filled = JSON.parse(JSON.stringify(row()).replace('<placeholder>', 'videos/x.mp4'));
    expect(first!.role).toBe('user');
    expect(await read(filled)).toEqual([{ ...item, video: 'videos/x.mp4' }]);
  });

  it('keeps an empty list of events apart from none', async () => {
    const [empty, none] = await read(
      row({ idx: 1, extra_info: { events: [], n_events: 0 } }),
      row({ idx: 2, extra_info: null }),
    );
    expect(empty).toMatchObject({ events: [] });
    expect(none).not.toHaveProperty('events');
  });

  it('counts a row that comes twice once, as the authors do', async () => {
    expect(await read(row(), '', row())).toEqual([item]);
  });

  it.each([
    [['{"idx": 1'], /line 1 is no JSON/],
    [[row(), row({ idx: undefined })], /line 2, field idx: /],
    [[row({ messages: [] })], /line 1, field messages: no assistant's text has a reference/],
    [[row(), row({ dataset: 'DREAM/videvo' })], /line 2, field idx: 7 is that of a row of movie_animation already/],
    [[''], /has no rows/],
  ])('is refused with place and remedy: %#', async (rows, sentence) => {
    await expect(read(...rows)).rejects.toMatchObject({
      code: 'InvalidDataset',
      message: expect.stringMatching(sentence),
    });
  });
});
