import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readVdc, readVdcQuestions } from '../../../../benchmarks/vdc/vdc-questions.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-vdc-'));
});
afterEach(() => rm(folder, { recursive: true }));

const asked = (question: string, answer = 'a') => ({ question, answer, category: 'object' });

async function file(name: string, ...lines: (object | string)[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
  return path;
}

describe('readVdcQuestions', () => {
  test('one video a line, questions in order, the empty one at the end of a published list too', async () => {
    const path = await file('short.jsonl', { a: [asked('What?'), asked('', '')] }, { b: [asked('Who?')] }, '');
    const questions = await readVdcQuestions(path);
    expect([...questions.keys()]).toEqual(['a', 'b']);
    expect(questions.get('a')).toEqual([asked('What?'), asked('', '')]);
  });

  test('a video that comes twice has the questions of its last line', async () => {
    const path = await file('main_object.jsonl', { a: [asked('first')] }, { b: [] }, { a: [asked('second')] });
    const questions = await readVdcQuestions(path);
    expect(questions.get('a')).toEqual([asked('second')]);
    expect(questions.get('b')).toEqual([]);
    expect(questions.size).toBe(2);
  });

  test('a byte order mark and Windows line ends are fine', async () => {
    const path = await file('short.jsonl', `\uFEFF${JSON.stringify({ a: [asked('What?')] })}\r`, '\r');
    expect([...(await readVdcQuestions(path)).keys()]).toEqual(['a']);
  });

  test.each([
    ['{"a": [', /short\.jsonl line 2 is no JSON\b/],
    ['[1]', /short\.jsonl line 2: Invalid input: expected record/],
    [{ b: 'text' }, /short\.jsonl line 2, field b: Invalid input: expected array/],
    [{ b: [asked('ok'), { question: 'What?' }] }, /line 2, field b\[1\]\.answer: .*expected string/],
    [{ b: [{ ...asked('What?'), answer: 5 }] }, /line 2, field b\[0\]\.answer: .*received number/],
  ])('a bad line is named with its field: %j', async (line, message) => {
    const path = await file('short.jsonl', { a: [asked('What?')] }, line);
    await expect(readVdcQuestions(path)).rejects.toMatchObject({
      code: 'InvalidDataset',
      message: expect.stringMatching(message),
    });
  });

  test('files that are not there, are folders, empty or not UTF-8', async () => {
    await expect(readVdcQuestions(join(folder, 'no.jsonl'))).rejects.toThrow(/no\.jsonl does not exist/);
    await expect(readVdcQuestions(folder)).rejects.toThrow(/is a folder, not a file/);
    await expect(readVdcQuestions(await file('short.jsonl', ''))).rejects.toThrow(/short\.jsonl is empty/);
    const latin = join(folder, 'latin.jsonl');
    await writeFile(latin, Buffer.from([0x7b, 0xe9, 0x7d]));
    await expect(readVdcQuestions(latin)).rejects.toThrow(/latin\.jsonl is not UTF-8/);
  });
});

describe('readVdc', () => {
  test("takes the authors' files that are there, in the order of their table", async () => {
    await file('detailed.jsonl', { a: [asked('What?')] });
    await file('camera.jsonl', { a: [asked('How?')] });
    await file('VDC_1k_captions.jsonl', { video_id: 'a', captions: {} });
    const aspects = await readVdc(folder);
    expect([...aspects.keys()]).toEqual(['camera', 'detailed']);
    expect(aspects.get('camera')!.get('a')).toEqual([asked('How?')]);
  });

  test('a folder without any says which files are meant', async () => {
    await expect(readVdc(folder)).rejects.toThrow(
      /no VDC question file in .*camera\.jsonl, short\.jsonl.*rese1f\/aurora/,
    );
  });
});
