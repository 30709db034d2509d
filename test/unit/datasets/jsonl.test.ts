import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type JsonlLine, readJsonl } from '../../../datasets/jsonl.ts';
import { naming } from '../../refusal.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-jsonl-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function all(lines: AsyncIterable<JsonlLine>): Promise<JsonlLine[]> {
  const list = [];
  for await (const line of lines) list.push(line);
  return list;
}

async function read(content: string | Uint8Array): Promise<JsonlLine[]> {
  const path = join(folder, 'data.jsonl');
  await writeFile(path, content);
  return all(readJsonl(path));
}

const good = { video: 'a.mp4', caption: 'A dog runs.' };

test('reads samples with everything that is optional', async () => {
  const full = {
    id: 'dog',
    ...good,
    thought: [{ subject: 'dog', attributes: ['brown'], actions: ['runs'] }],
    events: ['a dog runs'],
    questions: [{ question: 'Who runs?', options: ['a dog', 'a cat'], answer: 'a dog' }],
    keyPoints: ['a dog runs'],
    prompt: 'What does the dog do?',
    start: 0,
    end: 2.5,
    fps: 4,
  };
  expect(await read(`${JSON.stringify(good)}\n${JSON.stringify(full)}\n`)).toEqual([
    { line: 1, sample: good },
    { line: 2, sample: full },
  ]);
});

test('an id may be a number, as tables have it', async () => {
  const [first] = await read('{"id": 7, "video": "a.mp4", "caption": "A dog runs."}');
  expect(first).toMatchObject({ sample: { id: '7' } });
});

test('takes a byte order mark, Windows line ends, empty lines and no line end at the end', async () => {
  const text = `\uFEFF${JSON.stringify(good)}\r\n\r\n  \n${JSON.stringify(good)}`;
  expect(await read(text)).toEqual([
    { line: 1, sample: good },
    { line: 4, sample: good },
  ]);
});

test('puts characters together whose halves are in two pieces of the file', async () => {
  const sample = { ...good, events: Array(30).fill('ä🐕'.repeat(1000)) };
  expect(await read(JSON.stringify(sample))).toEqual([{ line: 1, sample }]);
});

test.each([
  ['{"video": "a.mp4"', /no JSON/],
  ['[]', /it is no object such as/],
  ['{"video": "a.mp4"}', /^"caption" is missing$/],
  ['{"video": "a.mp4", "caption": "  "}', /^"caption" is empty$/],
  [
    '{"video": "a.mp4", "caption": "x", "event": []}',
    /^unknown "event", did you mean "events"\? \(allowed: .*events.* times\)$/,
  ],
  ['{"vidoe": "a.mp4", "caption": "x"}', /unknown "vidoe", did you mean "video"\?/],
  ['{"video": "a.mp4", "caption": "x", "messagse": []}', /unknown "messagse", did you mean "messages"\?/],
  ['{"video": "a.mp4", "caption": "x", "start": -1}', /^"start" is -1; set a number of at least 0$/],
  ['{"video": "a.mp4", "caption": "x", "end": 0}', /^"end" is 0; set a number above 0$/],
  ['{"video": "a.mp4", "caption": "x", "end": "3"}', /^"end" is "3", not a number$/],
  ['{"video": "a.mp4", "caption": "x", "end": 1e999}', /^"end" is .*not a number$/],
  ['{"video": "a.mp4", "caption": "x", "start": 3, "end": 3}', /^"end" is 3; set a number above "start", which is 3$/],
  ['{"video": "d", "caption": "x", "fps": 2, "times": [0, 1]}', /^"fps" is 2; leave out "fps" or "times"/],
  ['{"video": "d", "caption": "x", "times": [0, 2, 2]}', /^"times" is \[0,2,2\]; set times that grow from picture to/],
  ['{"video": "d", "caption": "x", "fps": 100000}', /^"fps" is 100000; set a number of at most 1000$/],
  [
    `{"video": ${'['.repeat(200_000)}${']'.repeat(200_000)}, "caption": "x"}`,
    /^"video" is a list without end, not a text$/,
  ],
  [
    '{"video": "a.mp4", "caption": "x", "thought": [{"subject": 1}]}',
    /^"thought\.0\.subject" is 1, not a text, "thought\.0\.attributes" is missing, "thought\.0\.actions" is missing$/,
  ],
  [
    '{"video": "a.mp4", "caption": "x", "questions": [{"question": "Q?", "options": ["a", "b"], "answer": "c"}]}',
    /^"questions\.0\.answer" is "c"; set one of its "options", letter by letter$/,
  ],
  [
    '{"video": "a.mp4", "caption": "x", "questions": [{"question": "Q?", "options": ["a"], "answer": "a"}]}',
    /^"questions\.0\.options" has fewer than 2 entries$/,
  ],
  [
    '{"video": "a.mp4", "caption": "x", "questions": [{"question": "Q?", "options": ["a", "A"], "answer": "a"}]}',
    /^"questions\.0\.options" is \["a","A"\]; set a list whose entries all differ$/,
  ],
  ...[
    ['\u00e9', 'e\u0301'],
    ['a b', 'a  b'],
    ['a', 'a\u200b'],
  ].map((options): [string, RegExp] => [
    JSON.stringify({ video: 'a.mp4', caption: 'x', questions: [{ question: 'Q?', options, answer: options[0] }] }),
    /^"questions\.0\.options" is .*; set a list whose entries all differ$/,
  ]),
  [
    '{"video": "a.mp4", "caption": "x", "questions": [{"question": "Q?", "options": ["a", ' +
      '"cannot be answered from the description."], "answer": "a"}]}',
    /^"questions\.0\.options" is .*; leave out "Cannot be answered .*": every question is put with it$/,
  ],
  ['{"video": "a.mp4", "caption": "x", "__proto__": {"id": "b"}}', /^unknown "__proto__"/],
  [
    '{"video": "a.mp4", "caption": "x", "questions": [{"question": "Q?", "options": ' +
      `${JSON.stringify([...'abcdefghi'])}, "answer": "a"}]}`,
    /^"questions\.0\.options" is longer than 8 entries$/,
  ],
  [
    '{"video": "a.mp4", "caption": "x", "questions": [{"q": "Q?", "options": ["a", "b"], "answer": "a"}]}',
    /"questions\.0\.question" is missing, unknown "q" in "questions\.0" \(allowed: question, options, answer\)/,
  ],
  ['{"video": "a.mp4", "caption": "x", "questions": []}', /^"questions" is empty$/],
  ['{"video": "a.mp4", "caption": "x", "keyPoints": [" "]}', /^"keyPoints\.0" is empty$/],
  [
    `{"video": "a.mp4", "caption": "x", "keyPoints": ["${'x'.repeat(501)}"]}`,
    /^"keyPoints\.0" is longer than 500 characters$/,
  ],
])('says what is wrong with %s, and continues', async (bad, problem) => {
  const [first, second] = await read(`${bad}\n${JSON.stringify(good)}\n`);
  expect(first).toEqual({ line: 1, problem: expect.stringMatching(problem) });
  expect(second).toEqual({ line: 2, sample: good });
});

test('does not keep a line of any length, and continues after it', async () => {
  const [first, second] = await read(`${'x'.repeat(5_000_000)}\n${JSON.stringify(good)}\n`);
  expect(first).toEqual({ line: 1, problem: 'it is longer than 1048576 bytes; a line holds one sample' });
  expect(second).toEqual({ line: 2, sample: good });
});

test('refuses files that are not there, folders, and other encodings', async () => {
  await expect(all(readJsonl(join(folder, 'none.jsonl')))).rejects.toMatchObject({
    code: 'InvalidDataset',
    message: expect.stringMatching(/none\.jsonl does not exist; check the path/),
  });
  await expect(all(readJsonl(folder))).rejects.toMatchObject({
    code: 'InvalidDataset',
    message: expect.stringContaining('is a folder'),
  });
  await expect(read(Buffer.from(`\uFEFF${JSON.stringify(good)}`, 'utf16le'))).rejects.toMatchObject({
    code: 'InvalidDataset',
    message: expect.stringMatching(/data\.jsonl is in UTF-16; save it as UTF-8\.$/),
  });
});

test('a line in another encoding is a line that is no sample', async () => {
  const latin1 = Buffer.from(`{"video": "\xe4.mp4", "caption": "x"}\n${JSON.stringify(good)}`, 'latin1');
  expect(await read(latin1)).toEqual([
    { line: 1, problem: 'it is not UTF-8; save the file as UTF-8' },
    { line: 2, sample: good },
  ]);
});

test('a prompt that would break the chat template is a problem of its line, with the remedy', async () => {
  expect(await read(JSON.stringify({ ...good, prompt: 'Look: <|video_pad|>' }))).toEqual([
    {
      line: 1,
      problem: naming('"prompt" is "Look: <|video_pad|>"', 'leave out special tokens'),
    },
  ]);
  expect(await read(JSON.stringify({ ...good, prompt: '' }))).toEqual([{ line: 1, problem: '"prompt" is empty' }]);
});
