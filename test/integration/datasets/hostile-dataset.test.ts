import { copyFile, mkdir, mkdtemp, open, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import { ArtifactStore, sha256 } from '../../../core/artifact-store.ts';
import { DatasetManifest } from '../../../core/sample.ts';
import { checkedKey } from '../../../datasets/check-video.ts';
import { readJsonl } from '../../../datasets/jsonl.ts';
import { FrameOptions } from '../../../video/frame-options.ts';
import { naming, refusal } from '../../refusal.ts';
import { makeVideo } from '../video/make-video.ts';

let root: string;
let data: string;
let store: ArtifactStore;
const caption = 'Something happens.';

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-hostile-data-'));
  data = join(root, 'data');
  await mkdir(data);
  store = new ArtifactStore(join(root, 'store'));
  await makeVideo(join(data, 'good.mp4'), { frames: 3 });
  await makeVideo(join(data, 'held-out.mp4'), { frames: 4 });
  await makeVideo(join(root, 'private.mp4'), { frames: 5 });
  await writeFile(join(data, 'held-out.jsonl'), JSON.stringify({ video: 'held-out.mp4', caption }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

let runs = 0;
/** Prepares a run on a training file of this content. */
async function prepare(content: string | Uint8Array, { maxBadSamples = 0, train = 'train.jsonl' } = {}) {
  await writeFile(join(data, 'train.jsonl'), content);
  const { prepareDataset } = createDatasetActivities({ store, parallel: 2 });
  const { manifest } = await prepareDataset({
    runKey: `run-${++runs}`,
    dataset: { kind: 'jsonl', train: join(data, train), heldOut: join(data, 'held-out.jsonl'), maxBadSamples },
  });
  return store.readJson(manifest, DatasetManifest);
}

const line = (sample: object) => `${JSON.stringify(sample)}\n`;
const good = line({ video: 'good.mp4', caption });

/**
 * The bad line is set aside with this reason, and the good one beside it stays; allowed none, the run ends with the
 * same reason.
 */
async function setAside(bad: string, ...reason: string[]) {
  const { train, quarantined } = await prepare(good + bad, { maxBadSamples: 1 });
  expect(train.map(({ id }) => id)).toEqual(['good.mp4']);
  const named = [`${join(data, 'train.jsonl')} line 2: `, ...reason];
  expect(quarantined.map((one) => one.reason)).toEqual([naming(...named)]);
  await expect(prepare(good + bad)).rejects.toThrow(
    refusal('InvalidDataset', '1 sample', 'dataset.maxBadSamples (0): ', ...named, 'raise dataset.maxBadSamples.'),
  );
}

test('missing file: ends the run, whatever is allowed', async () => {
  await expect(prepare(good, { train: 'none.jsonl', maxBadSamples: 100 })).rejects.toThrow(
    refusal('InvalidDataset', join(data, 'none.jsonl'), 'does not exist'),
  );
});

test('missing video', () => setAside(line({ video: 'none.mp4', caption }), join(data, 'none.mp4'), 'does not exist'));

test('duplicate id', async () => {
  const twice = line({ id: 'same', video: 'good.mp4', caption });
  const { train, quarantined } = await prepare(twice + twice, { maxBadSamples: 1 });
  expect(train.map(({ id }) => id)).toEqual(['same']);
  expect(quarantined).toEqual([
    {
      id: 'same',
      reason: `${join(data, 'train.jsonl')} line 2: id "same" is taken by ${join(data, 'train.jsonl')} line 1`,
    },
  ]);
});

test('empty caption', () => setAside(line({ video: 'good.mp4', caption: ' \t ' }), '"caption" is empty'));

test('lone surrogate', () =>
  setAside(
    '{"video": "good.mp4", "caption": "a \\ud83d"}\n',
    'it holds half of a character (a lone surrogate such as \\ud83d); write the text again',
  ));

test('the text of a surrogate is just text', async () => {
  const { train } = await prepare(line({ video: 'good.mp4', caption: 'writes \\ud83d' }));
  expect(train[0]!.caption).toBe('writes \\ud83d');
});

test('a caption of a novel', () =>
  setAside(line({ video: 'good.mp4', caption: 'x'.repeat(20_001) }), '"caption" is longer than 20000 characters'));

test('thousands of faults in one line: told in one sentence', () =>
  setAside(
    line({ video: 'good.mp4', caption, thought: Array(5000).fill({ subject: 1, attributes: [], actions: [] }) }),
    '"thought.0.subject" is 1, not a text, "thought.1.subject" is 1, not a text, "thought.2.subject" is 1, not a ' +
      'text, 4997 more',
  ));

test('nested lists without end: no JSON, or no sample', async () => {
  const depth = 400_000;
  await setAside(`${'['.repeat(depth)}${']'.repeat(depth)}\n`, 'no object such as {"video"');
});

test('byte order mark and Windows line ends: taken', async () => {
  const { train, quarantined } = await prepare(`\uFEFF${good.trimEnd()}\r\n\r\n`);
  expect([train.length, quarantined.length]).toEqual([1, 0]);
});

test('a line of 1 GB: set aside without being held in memory', async () => {
  const path = join(data, 'long.jsonl');
  await writeFile(path, good);
  // Sparse: a gigabyte of zeros that takes no disk.
  await truncate(path, 2 ** 30);
  const file = await open(path, 'a');
  await file.write(`\n${good}`);
  await file.close();
  let peak = 0;
  const watch = setInterval(() => {
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    peak = Math.max(peak, heapUsed + arrayBuffers);
  }, 5);
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  const lines = [];
  for await (const read of readJsonl(path)) lines.push(read);
  clearInterval(watch);
  expect(lines).toEqual([
    { line: 1, sample: { video: 'good.mp4', caption } },
    { line: 2, problem: 'it is longer than 1048576 bytes; a line holds one sample' },
    { line: 3, sample: { video: 'good.mp4', caption } },
  ]);
  expect(peak).toBeGreaterThan(0);
  expect(peak - heapUsed - arrayBuffers).toBeLessThan(300 * 2 ** 20);
});

test('a file of nothing but broken lines: ends when that is certain', async () => {
  await expect(prepare('{\n'.repeat(200_000), { maxBadSamples: 3 })).rejects.toMatchObject({
    code: 'InvalidDataset',
    message: expect.stringMatching(
      /^At least 1004 samples cannot be used, .* \(3\): .* line 1: it is no JSON .* line 3: .*; 1001 more\. Fix/,
    ),
  });
});

test('a link out of the data folder', async () => {
  await symlink(join(root, 'private.mp4'), join(data, 'link.mp4'));
  const reason =
    `Video ${join(data, 'link.mp4')} is a link that leads out of ${data}, to ${join(root, 'private.mp4')}; name ` +
    'that file itself, or copy it.';
  await setAside(line({ video: 'link.mp4', caption }), reason);
});

test('a linked folder out of the data folder', async () => {
  await mkdir(join(root, 'elsewhere'));
  await copyFile(join(root, 'private.mp4'), join(root, 'elsewhere', 'clip.mp4'));
  await symlink(join(root, 'elsewhere'), join(data, 'clips'));
  const { quarantined } = await prepare(good + line({ video: 'clips/clip.mp4', caption }), { maxBadSamples: 1 });
  expect(quarantined[0]!.reason).toContain(`is a link that leads out of ${data}, to`);
});

test('a link within the data folder, and a file elsewhere that is named: taken', async () => {
  await symlink(join(data, 'good.mp4'), join(data, 'inside.mp4'));
  const { train } = await prepare(
    line({ video: 'inside.mp4', caption }) +
      line({ video: join(root, 'private.mp4'), caption }) +
      line({ video: '../private.mp4', caption }),
  );
  expect(train).toHaveLength(3);
});

test('a link that leads to itself', async () => {
  await symlink(join(data, 'round.mp4'), join(data, 'round.mp4'));
  await setAside(line({ video: 'round.mp4', caption }), join(data, 'round.mp4'), 'does not exist');
});

test.each(['http://127.0.0.1:9/a.mp4', 'concat:good.mp4|held-out.mp4', 'data:video/mp4;base64,AAAA', 'pipe:0'])(
  'an address for a video: %s',
  (video) => setAside(line({ video, caption }), `"${video}"`, 'an address'),
);

test.each([
  ['quotes', `it's "quoted".mp4`],
  ['a newline', 'two\nlines.mp4'],
  ['a leading dash', '-i.mp4'],
  ['a protocol', 'http:a.mp4'],
])('a file name with %s: taken', async (_, name) => {
  await copyFile(join(data, 'good.mp4'), join(data, name));
  const { train } = await prepare(line({ video: name, caption }));
  expect(train).toMatchObject([{ id: name, video: { path: join(data, name) } }]);
});

test('a NUL in a file name', () =>
  setAside(line({ video: 'a\0b.mp4', caption }), JSON.stringify(join(data, 'a\0b.mp4')), 'does not exist'));

test('a video with intact packets and broken pictures is set aside before the run, not in its middle', async () => {
  await makeVideo(join(data, 'noise.mp4'), { frames: 24 });
  const bytes = await readFile(join(data, 'noise.mp4'));
  const start = bytes.indexOf('mdat') + 4;
  bytes.fill(0xa5, start + 64, start + 64 + Math.floor((bytes.length - start) * 0.9));
  await writeFile(join(data, 'noise.mp4'), bytes);
  const { train, quarantined } = await prepare(good + line({ video: 'noise.mp4', caption }), { maxBadSamples: 1 });
  expect(train).toHaveLength(1);
  expect(quarantined).toMatchObject([{ id: 'noise.mp4', reason: expect.stringContaining('noise.mp4 cannot be read') }]);
});

test('what was decoded once is not decoded again, in whichever run and under whichever name', async () => {
  await writeFile(join(data, 'known.mp4'), 'no video at all');
  // As if another run had decoded this content.
  await store.put(checkedKey(sha256('no video at all'), FrameOptions.parse({})), '{}');
  const { train } = await prepare(line({ video: 'known.mp4', caption }));
  expect(train.map(({ id }) => id)).toEqual(['known.mp4']);
});
