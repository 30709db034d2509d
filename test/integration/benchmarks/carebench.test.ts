import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, type OpenAiServer, startOpenAiServer } from '../../servers/openai-server.ts';
import { SuiteBench } from './suite-bench.ts';

/**
 * A model that reads words: objects are the sentences that begin "there is", events the others; a text entails what
 * stands in it.
 */
const readsWords: Answer = ({ description, events, objects }, { messages }) => {
  const units = events ?? objects;
  if (units)
    return {
      verdicts: units.map((unit) => ({
        index: unit.index,
        relationship: description.includes('event' in unit ? unit.event : unit.object) ? 'entailment' : 'neutral',
      })),
    };
  const sentences = description.split('.').flatMap((sentence) => sentence.trim() || []);
  const isObject = (sentence: string) => sentence.startsWith('there is');
  return messages[0]!.content.includes('"objects"')
    ? { objects: sentences.filter(isObject) }
    : { events: sentences.filter((sentence) => !isObject(sentence)) };
};

let server: OpenAiServer;
let bench: SuiteBench;
beforeEach(async () => {
  server = await startOpenAiServer(readsWords);
  bench = await SuiteBench.start(server);
});
afterEach(() => bench.end());

const annotations = [
  { video: 'a.mp4', caption: 'A man runs. There is a red ball.', events: ['a man runs'] },
  { video: 'b.mp4', caption: 'A dog sits. There is a "white" dog.' },
  { video: 'c.mp4', caption: 'A bird sings.' },
];

describe('CaReBench, scored through an endpoint', () => {
  test('actions and objects by hand, from what the authors captioning writes', async () => {
    const described = {
      0: { pred: 'A man runs. A man falls. There is a red ball. There is a blue hat.', gt: annotations[0]!.caption },
      1: { pred: 'A dog sits.', gt: annotations[1]!.caption, events: null, objects: null },
    };
    const { metrics, counts, report, drillDown, usage } = await bench.score(
      'carebench',
      await bench.file('care.json', annotations),
      await bench.file('description.json', described),
    );
    // a: actions R 1/1, P 1/2; objects R 1/1, P 1/2. b: actions R 1/1, P 1/1; objects R 0/1, P 1 (the empty list).
    expect(metrics).toMatchObject({ actionRecall: 100, actionPrecision: 75, objectRecall: 50, objectPrecision: 75 });
    const [action, object] = [(2 * 1 * 0.75) / 1.75, (2 * 0.5 * 0.75) / 1.25];
    expect(metrics.actionF1).toBeCloseTo(100 * action, 9);
    expect(metrics.objectF1).toBeCloseTo(100 * object, 9);
    expect(metrics.meanF1).toBeCloseTo(50 * (action + object), 9);
    expect(counts).toEqual({ items: 3, outOf: 3, scored: 2, withoutCaption: 0, unscorable: 0, missing: 1 });
    // a: 3 lists to extract (its events are in the file), 4 to compare. b: 4 to extract, 3 to compare, one being empty.
    expect(usage.calls).toBe(14);
    expect(server.account()).toMatchObject({ questions: 14, answered: 14, duplicates: 0 });
    expect(report).toContain('| Qwen2-VL-7B |');
    expect(report).toContain('- 2: there is no caption for it in');
    expect(report).toContain('action F1 +3.1, object F1 +6.9 points');
    expect(drillDown).toContain("- neutral: there is a 'white' dog");
    expect(drillDown).toContain(
      'Actions: recall 100.0, precision 50.0. Objects: recall 100.0, precision 50.0.\n\nReference: A man runs. ' +
        'There is a red ball.',
    );
  });

  test('texts that cannot be compared leave the clip out, and say what they could cost', async () => {
    await bench.end();
    server = await startOpenAiServer((question, request) =>
      question.objects && question.description.includes('dog') ? { verdicts: [] } : readsWords(question, request),
    );
    bench = await SuiteBench.start(server);
    const { counts, metrics, result } = await bench.score(
      'carebench',
      await bench.file('care.json', annotations.slice(0, 2)),
      await bench.file('captions.json', { 'a.mp4': annotations[0]!.caption, 'b.mp4': annotations[1]!.caption }),
    );
    expect(counts).toMatchObject({ scored: 1, unscorable: 1 });
    expect(metrics).toMatchObject({ actionF1: 100, objectF1: 100, meanF1: 100 });
    expect(result.worst).toMatchObject({ actionRecall: 50, objectRecall: 50 });
  });

  test('a caption that tells nothing of the kind: all neutral is 0, not an error', async () => {
    const { metrics } = await bench.score(
      'carebench',
      await bench.file('care.json', annotations.slice(0, 1)),
      await bench.file('captions.json', { 'a.mp4': 'A cat eats. There is a cat.' }),
    );
    expect(metrics).toMatchObject({ actionF1: 0, actionRecall: 0, actionPrecision: 0, objectF1: 0, meanF1: 0 });
  });
});
