import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countedClips,
  NO_VDC_CAPTION,
  vdcAspectScore,
  vdcClipScore,
  vdcScore,
} from '../../../../benchmarks/vdc/vdc-score.ts';

const yes = (score: number) => ({ correct: true, score });
const no = (score: number) => ({ correct: false, score });
const asDefined = { dropZeros: false };
const asTheAuthorsRun = { dropZeros: true };

describe('vdcClipScore: acc = #yes / #QA, score = mean of 0-5', () => {
  test.each([
    ['2 of 4 right: acc 2/4, score (5 + 4 + 1 + 0) / 4', [yes(5), yes(4), no(1), no(0)], 0.5, 2.5],
    ['wrong, but close: the score does not decide what is right', [no(3)], 0, 3],
    ['right with score 0', [yes(0), yes(0)], 1, 0],
    ['nothing right', [no(0), no(0)], 0, 0],
    ['all right', [yes(5), yes(5), yes(5)], 1, 5],
  ])('%s', (_, matches, accuracy, score) => {
    expect(vdcClipScore(matches)).toEqual({ accuracy, score });
  });

  test('a clip without questions has no score, where the authors divide by zero and leave it out', () => {
    expect(vdcClipScore([])).toBeUndefined();
  });
});

describe('vdcAspectScore: means over clips', () => {
  test('every clip counts the same, however many questions it has', () => {
    // Clip A: 1 of 1 right. Clip B: 0 of 3 right. Over clips 1/2; over questions it would be 1/4.
    const clips = [vdcClipScore([yes(4)])!, vdcClipScore([no(2), no(2), no(2)])!];
    expect(vdcAspectScore(clips, asDefined)).toEqual({ accuracy: 0.5, score: 3 });
  });

  test('by hand: acc (0.5 + 0.25 + 0) / 3, score (2.5 + 1.25 + 0.75) / 3', () => {
    const clips = [
      { accuracy: 0.5, score: 2.5 },
      { accuracy: 0.25, score: 1.25 },
      { accuracy: 0, score: 0.75 },
    ];
    expect(vdcAspectScore(clips, asDefined)).toEqual({ accuracy: 0.25, score: 1.5 });
    // The authors' script drops the third, whose accuracy is 0 although its score is not: 0.75 / 2 and 3.75 / 2.
    expect(vdcAspectScore(clips, asTheAuthorsRun)).toEqual({ accuracy: 0.375, score: 1.875 });
  });

  test('the script also drops a clip whose answers are right but all scored 0', () => {
    expect(countedClips([{ accuracy: 1, score: 0 }], asTheAuthorsRun)).toEqual([]);
  });

  test('a missing caption is worth 0, and the quirk hides it', () => {
    const clips = [NO_VDC_CAPTION, { accuracy: 0.6, score: 3 }];
    expect(vdcAspectScore(clips, asDefined)).toEqual({ accuracy: 0.3, score: 1.5 });
    expect(vdcAspectScore(clips, asTheAuthorsRun)).toEqual({ accuracy: 0.6, score: 3 });
  });

  test('all clips zero: 0 as defined, no number as the authors run it (they divide by zero)', () => {
    const clips = [NO_VDC_CAPTION, NO_VDC_CAPTION];
    expect(vdcAspectScore(clips, asDefined)).toEqual({ accuracy: 0, score: 0 });
    expect(vdcAspectScore(clips, asTheAuthorsRun)).toEqual({ accuracy: Number.NaN, score: Number.NaN });
  });

  test('no clips, no number', () => {
    expect(vdcAspectScore([], asDefined).accuracy).toBeNaN();
  });

  test('dropping zeros never lowers a mean, and the order of clips does not matter', () => {
    const zero = fc.constant(NO_VDC_CAPTION);
    const told = fc.record({ accuracy: fc.constantFrom(0.25, 0.5, 1), score: fc.constantFrom(0.25, 1, 2.5, 5) });
    fc.assert(
      fc.property(told, fc.array(fc.oneof(zero, told), { maxLength: 20 }), (first, more) => {
        const clips = [first, ...more];
        const plain = vdcAspectScore(clips, asDefined);
        const raised = vdcAspectScore(clips, asTheAuthorsRun);
        const backwards = vdcAspectScore(clips.reverse(), asDefined);
        expect(backwards.accuracy).toBeCloseTo(plain.accuracy, 12);
        expect(backwards.score).toBeCloseTo(plain.score, 12);
        expect(raised.accuracy).toBeGreaterThanOrEqual(plain.accuracy - 1e-12);
        expect(raised.score).toBeGreaterThanOrEqual(plain.score - 1e-12);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('vdcScore: the mean over aspects', () => {
  // AuroraCap-7B's row of the authors' table (`src/lmms-eval/lmms_eval/tasks/vdc/README.md`).
  const auroraCap = {
    camera: { accuracy: 0.435, score: 2.27 },
    short: { accuracy: 0.3207, score: 1.68 },
    background: { accuracy: 0.3592, score: 1.84 },
    main_object: { accuracy: 0.3902, score: 1.97 },
    detailed: { accuracy: 0.413, score: 2.15 },
  };

  test("of the authors' AuroraCap row: (43.50 + 32.07 + 35.92 + 39.02 + 41.30) / 5 = 38.362", () => {
    const { accuracy, score } = vdcScore(auroraCap);
    expect(100 * accuracy).toBeCloseTo(38.362, 9);
    expect(score).toBeCloseTo((2.27 + 1.68 + 1.84 + 1.97 + 2.15) / 5, 12);
  });

  test('aspects that were not scored do not count as 0', () => {
    expect(vdcScore({ short: auroraCap.short })).toEqual(auroraCap.short);
    expect(vdcScore({}).accuracy).toBeNaN();
  });
});
