import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { careBenchPredictions, readCareBench } from '../../../../benchmarks/carebench/carebench.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-carebench-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function file(content: unknown): Promise<string> {
  const path = join(folder, 'care.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

describe('readCareBench', () => {
  test("reads the authors' list in order; fields of other tasks do not matter, null is absent", async () => {
    const clips = await readCareBench(
      await file([
        { video: 'b.mp4', caption: 'A man runs.', spatial_caption: 's', events: ['a man runs'], objects: null },
        { video: 'a.mp4', caption: 'A dog sits.', events: [] },
      ]),
    );
    expect(clips).toEqual([
      { video: 'b.mp4', caption: 'A man runs.', events: ['a man runs'] },
      { video: 'a.mp4', caption: 'A dog sits.', events: [] },
    ]);
  });

  test.each([
    ['[{"video": ', /CaReBench file .*care\.json is no JSON\b/],
    [{ video: 'a.mp4' }, /care\.json: Invalid input: expected array, received object/],
    [[{ video: 'a.mp4', caption: 'c' }, { video: 'b.mp4' }], /care\.json entry 1, field caption: .*expected string/],
    [[{ video: 'a.mp4', caption: 'c', events: ['x', 2] }], /care\.json entry 0, field events\[1\]: .*received number/],
    [[{ video: 'a.mp4', caption: ['c'] }], /care\.json entry 0, field caption: .*received array/],
    [
      [
        { video: 'a.mp4', caption: 'c' },
        { video: 'a.mp4', caption: 'd' },
      ],
      /entry 1, field video: "a\.mp4" is that of entry 0 already; keep one/,
    ],
    [[], /care\.json is an empty list/],
  ])('names what is wrong: %j', async (content, message) => {
    const failure = { code: 'InvalidDataset', message: expect.stringMatching(message) };
    await expect(readCareBench(await file(content))).rejects.toMatchObject(failure);
  });
});

test.each([
  [
    'description.json, by idx',
    { id: '7', pred: 'A man runs.', gt: 'A man walks.', events: null },
    [['7', 'A man runs.']],
  ],
  ['eval infos', { idx: 7, gt: 'a man walks.', pred: 'a man runs.' }, [['7', 'a man runs.']]],
  ['something else', { id: '7', caption: 'A man runs.' }, []],
  ['a caption that is no text', { idx: 7, pred: null }, []],
])('predictions: %s', (_, row, expected) => {
  expect(careBenchPredictions(row).map(({ ids: [id], caption }) => [id, caption])).toEqual(expected);
});
