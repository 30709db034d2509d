import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { vdcInstruction } from '../../../../benchmarks/vdc/vdc-instructions.ts';
import { readVdcItems } from '../../../../benchmarks/vdc/vdc-item.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'videocap-vdc-'));
});
afterEach(() => rm(folder, { recursive: true }));

const qa = { question: 'What?', answer: 'a', category: '' };

async function file(name: string, videos: Record<string, object[]>): Promise<string> {
  const path = join(folder, name);
  const lines = Object.entries(videos).map(([id, questions]) => JSON.stringify({ [id]: questions }));
  await writeFile(path, lines.join('\n'));
  return path;
}

describe('readVdcItems', () => {
  test('videos in the order they come, all aspects of one together', async () => {
    await file('short.jsonl', { b: [qa], a: [qa, qa] });
    await file('camera.jsonl', { a: [qa], b: [qa], c: [qa] });
    const items = await readVdcItems(folder);
    expect(items.map(({ id }) => id)).toEqual(['camera/a', 'short/a', 'camera/b', 'short/b', 'camera/c']);
    const instruction = vdcInstruction('short', 'a');
    const questions = [qa, qa];
    expect(items[1]).toEqual({ id: 'short/a', clip: 'a', video: 'a.mp4', aspect: 'short', instruction, questions });
  });

  test('one file is one aspect, by its name', async () => {
    const items = await readVdcItems(await file('main_object.jsonl', { a: [qa] }));
    expect(items).toMatchObject([{ id: 'main_object/a', clip: 'a', aspect: 'main_object', questions: [qa] }]);
  });

  test('a video without questions is no item: nothing can be measured on it', async () => {
    const items = await readVdcItems(await file('short.jsonl', { a: [], b: [qa] }));
    expect(items.map(({ clip }) => clip)).toEqual(['b']);
  });

  test('files that say nothing', async () => {
    await expect(readVdcItems(await file('short.jsonl', { a: [] }))).rejects.toThrow(/have no question/);
    await expect(readVdcItems(await file('questions.jsonl', { a: [qa] }))).rejects.toMatchObject({
      code: 'InvalidDataset',
      message: expect.stringMatching(/does not say its aspect; name it camera\.jsonl or .*or give the folder/),
    });
    await expect(readVdcItems(join(folder, 'camera.jsonl'))).rejects.toThrow(/camera\.jsonl does not exist/);
    const empty = join(folder, 'empty');
    await mkdir(empty);
    await expect(readVdcItems(empty)).rejects.toThrow(/no VDC question file/);
  });
});
