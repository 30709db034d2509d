import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ClipResult, captionScores, heldOutDifferences, heldOutMetrics } from '../../../benchmarks/held-out.ts';
import { bleu4, bleuCounts } from '../../../rewards/reference/bleu.ts';

/** Of pycocoevalcap: `test/fixtures/rewards/reference-metrics.py`. */
const golden = JSON.parse(
  readFileSync(new URL('../../fixtures/rewards/reference-metrics.json', import.meta.url), 'utf8'),
) as { pairs: [string, string][]; rougeL: number[]; corpusBleu4: number };

const clip = (sampleId: string, more: Partial<ClipResult>): ClipResult => ({
  sampleId,
  caption: sampleId,
  tokens: 10,
  format: 1,
  rewards: { format: 1 },
  ...more,
});
const score = (recall: number, precision = recall) => ({ recall, precision });

describe('captionScores', () => {
  const events = ['a small red circle moves left', 'a large blue square grows'];

  test('events by the judge, actions and objects by parsing', () => {
    const reading = {
      verdicts: ['entailment' as const, 'contradiction' as const],
      claims: ['a small red circle moves left', 'a large blue square blinks', 'a green star grows'],
      claimVerdicts: ['entailment' as const, 'contradiction' as const, 'neutral' as const],
    };
    const caption = 'A small red circle moves left. A large blue square blinks. A green star grows.';
    expect(captionScores(caption, events, reading)).toEqual({
      event: { recall: 1 / 2, precision: 1 / 3 },
      action: { recall: 1 / 2, precision: 1 / 3 },
      object: { recall: 1, precision: 2 / 3 },
    });
  });

  test('no caption is worth 0 in everything', () => {
    expect(captionScores(undefined, events, undefined)).toEqual({
      event: score(0),
      action: score(0),
      object: score(0),
    });
  });

  test('other worlds have event scores alone', () => {
    expect(captionScores('A dog barks.', ['a dog barks'], { verdicts: ['entailment'], claims: [] })).toEqual({
      event: { recall: 1, precision: 1 },
    });
  });
});

describe('heldOutMetrics', () => {
  test('counted by hand, in points', () => {
    const metrics = heldOutMetrics([
      clip('a', { event: score(1, 0.5), action: score(1), object: score(0.5, 1), think: 0.75 }),
      clip('b', { event: score(0, 0.5), action: score(0), object: score(0.5, 0), think: 0.25, format: 0, tokens: 30 }),
      clip('c', { unscorable: 'the judge refused to answer', caption: 'a' }),
    ]);
    expect(metrics).toMatchObject({
      eventRecall: 50,
      eventPrecision: 50,
      eventF1: 50,
      actionF1: 50,
      objectF1: 50,
      think: 50,
      clips: 3,
      unscorable: 1,
    });
    expect(metrics.format).toBeCloseTo(200 / 3, 9);
    expect(metrics.distinctCaptions).toBeCloseTo(200 / 3, 9);
    expect(metrics.meanTokens).toBeCloseTo(50 / 3, 9);
    for (const name of ['eventF1', 'actionF1', 'objectF1', 'think', 'format']) {
      expect(metrics[`${name}Low`]).toBeLessThanOrEqual(metrics[name]!);
      expect(metrics[`${name}High`]).toBeGreaterThanOrEqual(metrics[name]!);
    }
  });

  test('what nothing was measured for is absent', () => {
    const metrics = heldOutMetrics([clip('a', { event: score(1) })]);
    expect(Object.keys(metrics).sort()).toEqual(
      ['clips', 'distinctCaptions', 'eventF1', 'eventF1High', 'eventF1Low', 'eventPrecision', 'eventRecall', 'format']
        .concat(['formatHigh', 'formatLow', 'meanTokens', 'unscorable'])
        .sort(),
    );
    expect(heldOutMetrics([])).toEqual({ clips: 0, unscorable: 0 });
  });
});

describe('metrics that need no judge', () => {
  const measured = (caption: string, reference: string) => {
    const counts = bleuCounts(caption.split(' '), reference.split(' '));
    const { length, referenceLength, ngrams, matches } = counts;
    return { score: bleu4(counts), counts: [length, referenceLength, ...ngrams, ...matches] };
  };
  const before = golden.pairs.map(([caption, reference], i) =>
    clip(`${i}`, { references: { rougeL: { score: golden.rougeL[i]! }, bleu4: measured(caption, reference) } }),
  );

  test('are means over clips, but BLEU-4 is of all n-grams together', () => {
    const metrics = heldOutMetrics(before);
    const mean = golden.rougeL.reduce((sum, score) => sum + score) / golden.rougeL.length;
    expect(metrics.rougeL).toBeCloseTo(100 * mean, 9);
    expect(metrics.bleu4).toBeCloseTo(100 * golden.corpusBleu4, 8);
    for (const name of ['rougeL', 'bleu4']) {
      expect(metrics[`${name}Low`]).toBeLessThanOrEqual(metrics[name]!);
      expect(metrics[`${name}High`]).toBeGreaterThanOrEqual(metrics[name]!);
    }
    expect(metrics).not.toHaveProperty('ciderD');
  });

  test('are compared clip by clip', () => {
    const after = before.map((each) => ({ ...each, references: { rougeL: { score: 1 } } }));
    const differences = heldOutDifferences(before, after);
    expect(Object.keys(differences)).toEqual(['rougeL']);
    expect(differences.rougeL!.difference).toBeGreaterThan(0);
  });
});

describe('heldOutDifferences', () => {
  test('compares the clips that both have a score for', () => {
    const before = [clip('a', { event: score(0.5), think: 0.5 }), clip('b', { event: score(0.25) }), clip('x', {})];
    const after = [
      clip('b', { event: score(0.5) }),
      clip('a', { event: score(0.75), think: 0.5 }),
      clip('x', { event: score(1) }),
    ];
    const differences = heldOutDifferences(before, after);
    expect(Object.keys(differences)).toEqual(['eventF1', 'think']);
    expect(differences.eventF1!.difference).toBeCloseTo(25, 9);
    expect(differences.eventF1!.low).toBeCloseTo(25, 9);
    expect(differences.think).toEqual({ difference: 0, low: 0, high: 0 });
  });
});
