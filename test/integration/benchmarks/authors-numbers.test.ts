import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { SuiteBench } from './suite-bench.ts';

/**
 * Captions on which our defaults and the authors' scripts differ, with the authors' quirks on. The numbers are those of
 * their scripts (`evaluate_dream_gpt.py`, `dream_gpt.py`, `process_vdc_result.py`), run with a judge that answers like
 * the one here.
 */
const WORDS: Record<string, RegExp> = { 'Which way?': /left|right/, 'How fast?': /slow|fast/, 'Who?': /man|dog|cat/ };

/** Units are the sentences, blank ones too; a text entails what stands in it. Answers of VDC may be endless. */
const judge: Answer = (asked, { messages }) => {
  const { description, events, objects, question, correctAnswer, predictedAnswer } = asked;
  if (question !== undefined && predictedAnswer === undefined) {
    const word = WORDS[question]!.exec(description)?.[0] ?? 'unknown';
    return { answer: ` ${word} ${description.includes('long') && question === 'Which way?' ? 'so '.repeat(400) : ''}` };
  }
  if (predictedAnswer !== undefined) {
    const given = predictedAnswer.trim();
    if (given === correctAnswer) return { pred: 'yes', score: 5 };
    if (given.startsWith(correctAnswer!)) return { pred: 'Yes', score: 7.5 };
    return { pred: 'no', score: given === 'unknown' ? 0 : 1 };
  }
  const units = events ?? objects;
  if (units)
    return {
      verdicts: units.map((unit) => ({
        index: unit.index,
        relationship: description.includes('event' in unit ? unit.event : unit.object) ? 'entailment' : 'neutral',
      })),
    };
  const sentences = description
    .split('.')
    .slice(0, -1)
    .map((sentence) => sentence.trim());
  return messages[0]!.content.includes('"objects"') ? { objects: sentences } : { events: sentences };
};

const MANY = [...Array<string>(37).fill('a star falls'), ...Array<string>(20).fill('a moon rises'), ''].join('. ');
const clip = (id: string, category: string, reference: string, events: string[] | undefined, caption: string) => ({
  ...{ id, category, reference, caption },
  ...(events && { events }),
});
const CLIPS = [
  clip(
    '1',
    'videvo',
    'A Cat runs. A dog "barks".',
    ['a cat runs', 'a dog barks', 'a bird sings'],
    'The "Sun". A cat runs.',
  ),
  clip('2', 'youtube', 'Nothing moves.', [], 'Nothing moves. Nothing moves. Nothing moves. A man walks.'),
  clip('3', 'youtube', 'A fish swims.', ['a fish swims', 'water flows'], ''),
  clip('4', 'youtube', 'A man walks. He sits down.', ['a man walks'], '  \n'),
  clip('5', 'videvo', 'A star falls. Stars shine.', undefined, MANY),
  clip(
    '6',
    'vertical_video',
    'A star falls.',
    ['a star falls'],
    `a star falls. ${'a very long event that goes on and on '.repeat(12)}.`,
  ),
  clip(
    '7',
    'vertical_video',
    'A cow eats. A hen runs.',
    ['a cow eats', 'a hen runs'],
    '<think>[]</think> A cow eats.<answer>A hen runs.</answer>',
  ),
  clip('8', 'videvo', 'A star falls.', ['a star falls'], 'A star falls.. A star falls.. A moon rises.'),
];
function rowOf({ id, category, reference, events }: ReturnType<typeof clip>) {
  return {
    messages: [{ role: 'assistant', content: [{ type: 'text', reference, text: '' }] }],
    ...{ dataset: `DREAM/${category}`, idx: Number(id), extra_info: { events: events ?? null } },
  };
}
const lines = (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const quirks = ['judgeEmpty', 'unitsAsListed'];

let server: OpenAiServer;
let bench: SuiteBench;
beforeEach(async () => {
  server = await startOpenAiServer(judge);
  bench = await SuiteBench.start(server);
});
afterEach(() => bench.end());

describe("the authors' numbers with their quirks", () => {
  const dream = async (options: Parameters<SuiteBench['score']>[3]) =>
    bench.score(
      'dream1k',
      await bench.file('dream.jsonl', lines(CLIPS.map(rowOf))),
      await bench.file('captions.jsonl', lines(CLIPS.map(({ id, caption }) => ({ id, caption })))),
      options,
    );

  test('DREAM-1K: empty captions, repeated, blank, many and endless events, and tags as they are', async () => {
    const { metrics, counts, result, report } = await dream({ quirks });
    expect(metrics.recall).toBeCloseTo(100 * 0.6481481481481481, 9);
    expect(metrics.precision).toBeCloseTo(100 * 0.605458089668616, 9);
    expect(metrics.f1).toBeCloseTo(100 * 0.6260762395111641, 9);
    expect(counts).toMatchObject({ items: 8, scored: 8, withoutCaption: 2, unscorable: 0 });
    expect(result.items.filter(({ id }) => ['3', '4'].includes(id)).map(({ score }) => score)).toEqual(
      [3, 4].map(() => expect.objectContaining({ recall: 0, precision: 1 })),
    );
    expect(result.madeWith).toMatchObject({ captions: { by: 'file', captions: 8 }, quirks, variants: [] });
    expect(report).toMatch(
      /Made with: 8 captions of .*captions\.jsonl \(sha256 \w{12}\); judge m; quirks judgeEmpty, u/,
    );
    expect(report).toContain(
      '1 of the predictions with &lt;think> or &lt;answer> are scored as they are; --variant answerOnly',
    );
  });

  test('by default an empty caption is 0 and not asked about, and lists have limits', async () => {
    const { counts, result } = await dream({});
    const scores = Object.fromEntries(result.items.map(({ id, score, unscorable }) => [id, score ?? unscorable]));
    expect(scores[3]).toMatchObject({ recall: 0, precision: 0 });
    expect(scores[4]).toMatchObject({ recall: 0, precision: 0 });
    // Two different events of five that were listed, one of them told.
    expect(scores[8]).toMatchObject({ recall: 1, precision: 1 / 2 });
    expect(scores[5]).toMatchObject({ precision: 1 / 2 });
    expect(scores[6]).toMatch(/at most 50 short events/);
    expect(counts).toMatchObject({ scored: 7, withoutCaption: 2, unscorable: 1 });
  });

  test('answerOnly scores the answer of a structured completion, and calls it our own', async () => {
    const { result, report } = await dream({ quirks, variants: ['answerOnly'] });
    const [seventh] = result.items.filter(({ id }) => id === '7');
    expect(seventh).toMatchObject({ caption: 'A hen runs.', score: { recall: 1 / 2, precision: 1 } });
    expect(report).toContain('Variants of our own that are on: answerOnly (');
    expect(report).not.toContain('are scored as they are;');
  });

  test('CaReBench: the same texts, for actions and objects', async () => {
    const annotations = CLIPS.map(({ id, reference, events }) => ({ video: `${id}.mp4`, caption: reference, events }));
    const { metrics } = await bench.score(
      'carebench',
      await bench.file('care.json', annotations),
      await bench.file('care.jsonl', lines(CLIPS.map(({ caption }, idx) => ({ idx, pred: caption })))),
      { quirks },
    );
    expect(metrics.actionRecall).toBeCloseTo(100 * 0.6041666666666666, 9);
    expect(metrics.actionPrecision).toBeCloseTo(100 * 0.6498903508771929, 9);
    expect(metrics.actionF1).toBeCloseTo(100 * 0.6261949520561918, 9);
    expect(metrics.objectRecall).toBeCloseTo(100 * 0.625, 9);
    expect(metrics.objectF1).toBeCloseTo(100 * 0.6372022017717383, 9);
  });

  test('VDC: empty captions, endless answers, other verdicts than yes and no, marks above 5', async () => {
    const qa = (question: string, answer: string) => ({ question, answer, category: '' });
    const questions = {
      a: [qa('Which way?', 'left'), qa('How fast?', 'slow')],
      b: [qa('Which way?', 'right')],
      c: [qa('Who?', 'unknown')],
      d: [qa('Which way?', 'left'), qa('Who?', 'dog')],
    };
    const captions = { a: 'It moves left.', b: '', c: '', d: 'A long walk of a dog to the left.' };
    const logged = Object.entries(captions).map(([id, text]) => ({ doc: { video_id: id }, resps: [[text]] }));
    const file = await bench.file('camera.jsonl', lines(Object.entries(questions).map(([id, all]) => ({ [id]: all }))));
    const { metrics, counts } = await bench.score('vdc', file, await bench.file('camera_test.json', logged), {
      quirks: ['judgeEmpty', 'answersAsGiven', 'dropZeros'],
    });
    expect(metrics.cameraAccuracy).toBeCloseTo(100 * VDC.accuracy, 9);
    expect(metrics.cameraScore).toBeCloseTo(VDC.score, 9);
    expect(counts).toMatchObject({ scored: 4, withoutCaption: 2, unscorable: 0 });
  });
});

const VDC = { accuracy: 0.6666666666666666, score: 4.583333333333333 };
