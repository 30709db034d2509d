import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Fault, status } from '../../servers/openai-faults.ts';
import { type AskedQuestion, type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { SuiteBench } from './suite-bench.ts';

const WORDS: Record<string, RegExp> = { 'Which way?': /left|right/, 'How fast?': /slow|fast/, 'Who?': /man|dog|cat/ };

/** A model that knows one word for each question, if the caption has it: right is worth 5, wrong 1, nothing 0. */
function knowsWords({ description, question, correctAnswer, predictedAnswer }: AskedQuestion): unknown {
  if (predictedAnswer === undefined) return { answer: WORDS[question!]!.exec(description)?.[0] ?? 'unknown' };
  if (predictedAnswer === correctAnswer) return { pred: 'yes', score: 5 };
  return { pred: 'no', score: predictedAnswer === 'unknown' ? 0 : 1 };
}

const qa = (question: string, answer: string) => ({ question, answer, category: '' });
const lines = (...rows: object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

let server: OpenAiServer;
let bench: SuiteBench;
let folder: string;
beforeEach(async () => {
  server = await startOpenAiServer(knowsWords);
  bench = await SuiteBench.start(server);
  const camera = { a: [qa('Which way?', 'left'), qa('How fast?', 'slow')] };
  folder = dirname(await bench.file('camera.jsonl', lines(camera, { b: [qa('Which way?', 'right')] })));
  await bench.file('short.jsonl', lines({ a: [qa('Who?', 'man')] }, { b: [qa('Who?', 'dog')] }));
});
afterEach(() => bench.end());

/** Under camera a has 1 of 2 right (5 and 0) and b no caption; under short a is right (5) and b wrong (1). */
const perAspect = lines(
  { video_id: 'a', captions: { camera_caption: 'It moves left.', short_caption: 'A man runs.' } },
  { video_id: 'b', captions: { camera_caption: '', short_caption: 'A cat sleeps.' } },
);

describe('VDC, scored through an endpoint', () => {
  test("captions under each aspect, in the authors' own layout", async () => {
    const { metrics, counts, usage, report, result, drillDown } = await bench.score(
      'vdc',
      folder,
      await bench.file('captions.jsonl', perAspect),
    );
    expect(metrics).toMatchObject({
      cameraAccuracy: (100 * (1 / 2 + 0)) / 2,
      cameraScore: (5 / 2 + 0) / 2,
      shortAccuracy: (100 * (1 + 0)) / 2,
      shortScore: (5 + 1) / 2,
      accuracy: (25 + 50) / 2,
      score: (1.25 + 3) / 2,
    });
    expect(counts).toMatchObject({ items: 4, outOf: 4, scored: 4, withoutCaption: 1, unscorable: 0, missing: 0 });
    // Four questions of captions that are there, each answered and matched.
    expect(usage.calls).toBe(8);
    expect(result.usage).toEqual(usage);
    expect(report).toContain('- Judge usage: 8 calls paid here, 0 answers known already, 0 perhaps paid twice;');
    expect(report).toMatch(/tokens in, \d+ out, 0\.0000 USD; latency p50, p95, max \d+\.\d\d, /);
    expect(server.account()).toMatchObject({ questions: 8, answered: 8, duplicates: 0 });
    expect(report).toContain('| another caption under each aspect, as the authors ask for | 2 |');
    expect(report).toContain('| AuroraCap-7B | 38.4 | 1.98 | 43.5 | 2.27 |');
    expect(report).toContain("Authors' quirks that are on: none");
    expect(report).toMatch(/vdc-answer\.v1 \(sha256 \w{12}\), vdc-match\.v1 \(sha256 \w{12}\)/);
    expect(drillDown).toContain('- wrong (1/5): Who? **cat**; correct: dog');
  });

  test("with the authors' quirk zeros are dropped; the answers are those of the ledger", async () => {
    const predictions = await bench.file('captions.jsonl', perAspect);
    await bench.score('vdc', folder, predictions);
    const { metrics, usage, report } = await bench.score('vdc', folder, predictions, { quirks: ['dropZeros'] });
    expect(metrics).toMatchObject({ cameraAccuracy: 50, cameraScore: 2.5, shortAccuracy: 100, shortScore: 5 });
    expect(metrics).toMatchObject({ accuracy: 75, score: 3.75 });
    expect(usage).toMatchObject({ calls: 0, cacheHits: 8 });
    expect(server.requests).toHaveLength(8);
    expect(report).toContain('dropZeros (captions with accuracy 0 or score 0 are left out');
  });

  test('one caption stands for all aspects, and the report states it; a video without one is missing', async () => {
    const { metrics, counts, report } = await bench.score(
      'vdc',
      folder,
      await bench.file('captions.json', { a: 'A man runs left, slow.' }),
    );
    expect(metrics).toMatchObject({ cameraAccuracy: 100, shortAccuracy: 100, accuracy: 100, score: 5 });
    expect(counts).toMatchObject({ scored: 2, missing: 2 });
    expect(report).toContain('| one caption that stood for all aspects | 1 |');
    expect(report).toContain('camera/b, short/b: there is no caption for it in');
  });

  test('aspects without a question file, and clips beyond a limit, are said beside the numbers', async () => {
    const { counts, result, report } = await bench.score(
      'vdc',
      folder,
      await bench.file('captions.json', { a: 'A man runs left, slow.', b: 'A dog runs right.' }),
      { limit: 1 },
    );
    const absent = ['Background', 'Main object', 'Detailed'];
    expect(counts).toMatchObject({ items: 2, outOf: 4, scored: 2, absent });
    expect(result.counts).toEqual(counts);
    expect(report).toContain(
      '- Items: 2 of 4 in the file (limit on clips), none of Background, Main object, Detailed;',
    );
    expect(report).toContain('> **Only 2 of 4 items are in these numbers: compare them with no published one.');
    expect(report).toContain('> **Nothing was measured of: Background, Main object, Detailed. The headline means');
    expect(report).toContain('| Camera | 1 | 0 | 0 | 0 |');
  });

  test('tried again after a failure half way, scoring pays only for the rest', async () => {
    await bench.end();
    let away = true;
    // The endpoint takes the key for one aspect's questions and not for the other's, which it refuses once it has
    // answered one of the others: which question arrives first is left to chance.
    const refuse: Fault = async (...request) => {
      await expect.poll(() => server.account().answered).toBeGreaterThan(0);
      status(401, { code: 'invalid_api_key' })(...request);
    };
    server = await startOpenAiServer((question) =>
      away && question.question === 'Who?' ? refuse : knowsWords(question),
    );
    bench = await SuiteBench.start(server);
    const camera = await bench.file('camera.jsonl', lines({ a: [qa('Which way?', 'left'), qa('How fast?', 'slow')] }));
    await bench.file('short.jsonl', lines({ a: [qa('Who?', 'man')] }));
    const predictions = await bench.file('captions.json', { a: 'A man runs left, slow.' });
    const scoring = await bench.prepare('vdc', dirname(camera), predictions);
    await expect(scoring.score()).rejects.toMatchObject({ code: 'JudgeBlocked' });
    const before = server.account().answered;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(6);

    away = false;
    const { usage, counts, metrics } = await scoring.score();
    expect(server.account()).toMatchObject({ questions: 6, answered: 6, duplicates: 0, unanswered: 0 });
    // What the place paid for is its own whenever it was paid.
    expect(usage).toMatchObject({ calls: 6, cacheHits: 0, repeated: 0 });
    expect(counts).toMatchObject({ scored: 2, unscorable: 0 });
    expect(metrics).toMatchObject({ cameraAccuracy: 100, shortAccuracy: 100 });
    const asked = server.requests.length;
    expect((await scoring.score()).usage).toEqual(usage);
    expect(server.requests).toHaveLength(asked);
    // A process may die once the result is stored and before the activity's own output is: answers then take no time at
    // all, and what is stored must not be at odds with that.
    await scoring.loseOutput();
    expect((await scoring.score()).usage).toEqual(usage);
    expect(server.requests).toHaveLength(asked);
  });

  test('a question without a usable answer leaves its item out: the failure is no score', async () => {
    await bench.end();
    server = await startOpenAiServer((question) =>
      question.correctAnswer === 'dog' ? 'I would rather not say.' : knowsWords(question),
    );
    bench = await SuiteBench.start(server);
    const short = await bench.file('short.jsonl', lines({ a: [qa('Who?', 'man')] }, { b: [qa('Who?', 'dog')] }));
    const { metrics, counts, result } = await bench.score(
      'vdc',
      short,
      await bench.file('captions.json', { a: 'A man runs.', b: 'A dog.' }),
    );
    expect(metrics).toMatchObject({ shortAccuracy: 100, accuracy: 100, score: 5 });
    expect(counts).toMatchObject({ scored: 1, unscorable: 1 });
    expect(result.items[1]).toMatchObject({ id: 'short/b', unscorable: expect.stringContaining('cannot be used') });
    expect(result.worst).toMatchObject({ shortAccuracy: 50, score: 2.5 });
  });
});
