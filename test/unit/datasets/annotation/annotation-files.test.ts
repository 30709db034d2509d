import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CaptionedSamples } from '../../../../datasets/annotation/annotation.ts';
import {
  type AnnotatedBatch,
  companionsOf,
  writeAnnotationFiles,
} from '../../../../datasets/annotation/annotation-files.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-annotation-'));
});
afterEach(() => rm(root, { recursive: true }));

const SAMPLES: CaptionedSamples = [
  { line: 1, sample: { id: 'a', video: 'clips/a.mp4', caption: 'A dog barks.' } },
  { line: 2, sample: { video: '/b.mp4', caption: 'A cat sleeps.', events: ['my own event'] } },
  { line: 4, sample: { video: 'https://host/c.mp4', caption: '<script>alert(1)</script>' } },
  { line: 5, sample: { video: 'd.mp4', caption: 'Never asked.' } },
  { line: 6, sample: { video: 'e.mp4', caption: 'Complete.', thought: [], events: [] } },
];
const usage = { calls: 1, cacheHits: 2, inputTokens: 10, outputTokens: 5, cost: 0.5, repeated: 0 };
const batch = (annotations: AnnotatedBatch['annotations']): AnnotatedBatch => ({
  annotations,
  usage: { ...usage, latencySeconds: { p50: 1, p95: 1, max: 1 } },
  seconds: 2,
});
const dog = { thought: [{ subject: 'dog', attributes: [], actions: ['barks'] }], events: ['a dog barks'] };
const cat = { thought: [{ subject: 'cat', attributes: [], actions: ['sleeps'] }], events: ['a cat sleeps'] };
const BATCHES = [
  batch([
    { line: 1, annotation: dog },
    { line: 2, annotation: cat },
  ]),
  batch([{ line: 4, annotation: { unscorable: 'the judge refused to answer' } }]),
];
const write = (output = join(root, 'new', 'out.jsonl'), batches = BATCHES) =>
  writeAnnotationFiles(SAMPLES, batches, {
    dataset: join(root, 'in.jsonl'),
    output,
    make: ['thought', 'events'],
    judge: { model: 'm', endpoint: 'http://127.0.0.1/v1' },
  });
const linesOf = async (path: string) =>
  (await readFile(path, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('samples keep their order; only missing fields are added; video paths fit the new folder', async () => {
  const { output } = await write();
  expect(Object.keys((await linesOf(output))[0])).toEqual(['id', 'video', 'caption', 'thought', 'events']);
  expect(await linesOf(output)).toEqual([
    { id: 'a', video: '../clips/a.mp4', caption: 'A dog barks.', ...dog },
    { video: '/b.mp4', caption: 'A cat sleeps.', thought: cat.thought, events: ['my own event'] },
    { video: 'https://host/c.mp4', caption: '<script>alert(1)</script>' },
    { video: '../d.mp4', caption: 'Never asked.' },
    { video: '../e.mp4', caption: 'Complete.', thought: [], events: [] },
  ]);
});

test('statistics count every sample once, and name those without an answer', async () => {
  const written = await write();
  const statistics = JSON.parse(await readFile(written.statistics, 'utf8'));
  expect(statistics).toMatchObject({
    samples: { total: 5, complete: 1, annotated: 2, unscorable: 1, notAsked: 1, odd: 0 },
    unscorable: [{ line: 4, id: 'https://host/c.mp4', reason: 'the judge refused to answer' }],
    perSample: { events: { min: 1, median: 1, mean: 1, max: 1 } },
    usage: { calls: 2, cacheHits: 4, inputTokens: 20, outputTokens: 10, cost: 1 },
    seconds: 4,
  });
});

test('the review shows what has no answer first, and never as markup', async () => {
  const page = await readFile((await write()).review, 'utf8');
  expect(page).not.toContain('<script>');
  expect(page.indexOf('the judge refused to answer')).toBeLessThan(page.indexOf('A dog barks.'));
  expect(page).not.toContain('Never asked.');
});

test('written again, nothing changes; another file of that name is never replaced', async () => {
  const first = await write();
  expect(await write()).toEqual(first);
  expect(await readdir(join(root, 'new'))).toHaveLength(3);
  await writeFile(first.output, 'precious\n');
  await expect(write()).rejects.toThrow(`${first.output} exists already, and is not what this run wrote.`);
  expect(await readFile(first.output, 'utf8')).toBe('precious\n');
});

test("later fields stand beside earlier ones; an answer's fields stay when another answer is unusable", async () => {
  const questions = [{ question: 'Who barks?', options: ['a dog', 'a cat'], answer: 'a dog' }];
  const keyPoints = ['<a dog barks>'];
  const samples: CaptionedSamples = [
    { line: 1, sample: { video: '/a.mp4', caption: 'A dog barks.', ...dog } },
    { line: 2, sample: { video: '/b.mp4', caption: 'A cat sleeps.' } },
    { line: 3, sample: { video: '/c.mp4', caption: 'Complete.', questions, keyPoints } },
  ];
  const batches = [
    batch([
      { line: 1, annotation: { questions, keyPoints } },
      { line: 2, annotation: { keyPoints: ['a horse runs'], unscorable: 'the judge refused to answer' } },
    ]),
  ];
  const { output, ...written } = await writeAnnotationFiles(samples, batches, {
    ...{ dataset: join(root, 'in.jsonl'), output: join(root, 'out.jsonl'), make: ['questions', 'keyPoints'] },
    judge: { model: 'm', endpoint: 'http://127.0.0.1/v1' },
  });
  expect(await linesOf(output)).toEqual([
    { video: '/a.mp4', caption: 'A dog barks.', ...dog, questions, keyPoints },
    { video: '/b.mp4', caption: 'A cat sleeps.', keyPoints: ['a horse runs'] },
    { video: '/c.mp4', caption: 'Complete.', questions, keyPoints },
  ]);
  const one = { min: 1, median: 1, mean: 1, max: 1 };
  expect(JSON.parse(await readFile(written.statistics, 'utf8'))).toMatchObject({
    judge: { prompt: 'question-writing.v1, key-point-extraction.v1' },
    samples: { total: 3, complete: 1, annotated: 1, unscorable: 1, notAsked: 0, odd: 1 },
    perSample: { questions: one, keyPoints: one },
    oddities: { 'a key point says what the caption does not': 1 },
  });
  const page = await readFile(written.review, 'utf8');
  expect(page).toContain('&lt;a dog barks&gt;');
  expect(page).toContain('<b>a dog</b>');
});

test('a run that was stopped before its first batch writes what it had', async () => {
  const written = await write(join(root, 'out.jsonl'), []);
  expect(written.samples).toMatchObject({ annotated: 0, notAsked: 4 });
  expect(await linesOf(written.output)).toEqual(SAMPLES.map(({ sample }) => sample));
});

test('review and statistics lie beside the annotated file, under its name', () => {
  expect(companionsOf('/d/train.jsonl')).toEqual({
    review: '/d/train.review.html',
    statistics: '/d/train.statistics.json',
  });
});
