import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dream1k } from '../../../../benchmarks/dream1k/dream1k.ts';
import { readPredictions } from '../../../../benchmarks/suites/read-predictions.ts';
import type { Suite } from '../../../../benchmarks/suites/suite.ts';

async function read(text: string): Promise<Record<string, string>> {
  const path = join(await mkdtemp(join(tmpdir(), 'videocap-predictions-')), 'p.json');
  await writeFile(path, text);
  return Object.fromEntries(await readPredictions(path, dream1k as Suite));
}

const authors = (idx: number, text: string) => ({
  messages: [
    {
      role: 'user',
      content: [
        { type: 'video', video: { video_file: '1.mp4' } },
        { type: 'text', text: 'Describe.' },
      ],
    },
    { role: 'assistant', content: [{ type: 'text', text, reference: 'A cat runs.' }] },
  ],
  dataset: 'DREAM/videvo',
  idx,
});

describe('a file of predictions', () => {
  it.each([
    ['JSONL', '{"id": "1", "caption": "a"}\n\n{"id": 2, "caption": ""}\n'],
    ['a JSON list', '[{"id": 1, "caption": "a"},\n {"id": 2, "caption": ""}]'],
    ['a JSON object', '{"1": "a",\n "2": ""}'],
    ["the authors' JSONL", `${JSON.stringify(authors(1, 'a'))}\n${JSON.stringify(authors(2, ''))}`],
    ['with a byte order mark', '\ufeff{"id": "1", "caption": "a"}\n{"id": 2, "caption": ""}'],
    ['the same caption twice', '{"id": 1, "caption": "a"}\n{"id": 1, "caption": "a"}\n{"id": 2, "caption": ""}'],
  ])('can be %s', async (_, text) => expect(await read(text)).toEqual({ 1: 'a', 2: '' }));

  it.each([
    ['one line', '{"id": "1", "caption": "a"}'],
    ["one line of the authors'", JSON.stringify(authors(1, 'a'))],
  ])('can be %s', async (_, text) => expect(await read(text)).toEqual({ 1: 'a' }));

  it.each([
    ['{"id": 1, "caption": "a"}\n{"id": 2, "text": "b"}', /line 2 is no caption; write lines such as {"id": "1"/],
    ['{"id": 1, "caption": "a"}\nnot json', /line 2 is no caption/],
    ['[{"id": 1}]', /entry 0 is no caption/],
    ['{"7": {"text": "x"}}', /entry "7" is no caption/],
    ['{"id": 1, "caption": "a"}\n{"id": "1", "caption": "b"}', /line 2: there is another caption for "1" before it/],
    ['\n', /has no captions/],
  ])('is refused with a sentence: %j', async (text, sentence) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'InvalidDataset',
      message: expect.stringMatching(sentence),
    });
  });
});
