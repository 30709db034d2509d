import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readJsonl } from '../../../datasets/jsonl.ts';
import { naming } from '../../refusal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-entries-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Uint8Array) {
  const path = join(folder, 'data.json');
  await writeFile(path, content);
  const all = [];
  for await (const one of readJsonl(path)) all.push('sample' in one ? one.sample : one.problem);
  return all;
}

const good = { video: 'a.mp4', caption: 'A dog runs.' };
const json = JSON.stringify(good);

test.each([
  ['on one line', `[${json},${json}]`],
  ['over many lines', JSON.stringify([good, good], undefined, 2)],
  ['with a byte order mark and Windows line ends', `\uFEFF[\r\n${json},\r\n${json}\r\n]\r\n`],
  ['with a comma too many', `[${json}, ${json},]`],
])('reads a JSON array %s', async (_, text) => {
  expect(await read(text)).toEqual([good, good]);
});

test('brackets, commas, quotes and escapes inside texts divide nothing', async () => {
  const sample = { ...good, caption: 'a "quoted" ], {x}, [y] \\ and \\" ä🐕' };
  expect(await read(JSON.stringify([sample, sample]))).toEqual([sample, sample]);
});

test('one bad entry spoils no other', async () => {
  expect(await read(`[${json}, {"video": 1, "caption": "x"}, {"video" "x"}, 7, ${json}]`)).toEqual([
    good,
    '"video" is 1, not a text',
    expect.stringMatching(/^it is no JSON/),
    expect.stringMatching(/^it is no object such as \{"video"/),
    good,
  ]);
});

test('an entry that is missing between two commas has a problem', async () => {
  expect(await read(`[${json},\n ,${json}]`)).toEqual([good, naming('a comma'), good]);
});

test('an entry is not kept however long it is', async () => {
  const long = JSON.stringify({ ...good, caption: 'x'.repeat(3_000_000) });
  expect(await read(`[${json},${long},${json}]`)).toEqual([
    good,
    'it is longer than 1048576 bytes; an entry holds one sample',
    good,
  ]);
});

test('says that the list has no end, or that more follows it', async () => {
  expect(await read(`[${json},${json}`)).toEqual([good, naming('the list has no end')]);
  expect(await read(`[${json}]\n${json}\n`)).toEqual([
    good,
    'more follows after the end of the list; write one list, or one sample a line',
  ]);
});

test('another encoding is a problem of its entry', async () => {
  const latin1 = Buffer.from(`[{"video": "\xe4.mp4", "caption": "x"},${json}]`, 'latin1');
  expect(await read(latin1)).toEqual(['it is not UTF-8; save the file as UTF-8', good]);
});

test('reads every array that JSON.stringify writes', async () => {
  const sample = fc.record({ video: fc.constant('a.mp4'), caption: fc.string({ unit: 'grapheme' }) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(sample, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 0, max: 3 }),
      async (all, indent) => {
        const kept = all.map(({ video, caption }) => ({ video, caption: `x${caption}x` }));
        expect(await read(JSON.stringify(kept, undefined, indent))).toEqual(kept);
      },
    ),
    { numRuns: 40 },
  );
});
