import { describe, expect, test } from 'vitest';
import { measureWithBounds } from '../../../../benchmarks/bootstrap.ts';
import type { VdcAspect } from '../../../../benchmarks/vdc/vdc-questions.ts';
import { vdcSummary as summaryOf, type VdcScoredItem } from '../../../../benchmarks/vdc/vdc-summary.ts';

function scored(aspect: VdcAspect, clip: string, accuracy: number, score: number, caption?: string): VdcScoredItem {
  const questions = [{ question: 'What?', answer: 'a', category: '' }];
  const item = { id: `${aspect}/${clip}`, clip, video: `${clip}.mp4`, aspect, instruction: 'Describe it.', questions };
  return { item, score: { accuracy, score }, ...(caption !== undefined && { caption }) };
}

const asDefined = { dropZeros: false };
const vdcSummary = (items: VdcScoredItem[], quirks = asDefined) => summaryOf(items, quirks, measureWithBounds);
const table = async (items: VdcScoredItem[], quirks = asDefined) => (await vdcSummary(items, quirks)).tables[0]!;
const captions = async (items: VdcScoredItem[]) =>
  Object.fromEntries((await vdcSummary(items)).tables[1]!.rows.map(({ label, values }) => [label, values[0]]));

describe('vdcSummary: numbers', () => {
  // Camera: acc (0.5 + 0) / 2 = 0.25, score (3 + 0) / 2 = 1.5. Short: acc 1, score 5, one video.
  const items = [scored('camera', 'a', 0.5, 3, 'x'), scored('camera', 'b', 0, 0), scored('short', 'a', 1, 5, 'y')];

  test('per aspect and the mean over aspects, accuracy in points, score 0-5', async () => {
    const { metrics } = await vdcSummary(items);
    expect(metrics).toMatchObject({ cameraAccuracy: 25, cameraScore: 1.5, shortAccuracy: 100, shortScore: 5 });
    expect(metrics).toMatchObject({ accuracy: 62.5, score: 3.25 });
    expect(metrics).not.toHaveProperty('detailedAccuracy');
    expect(Object.values(metrics).every(Number.isFinite)).toBe(true);
  });

  test('bounds hold the number, and come from drawing videos with all their aspects', async () => {
    const { metrics } = await vdcSummary(items);
    // Camera of a resample is 0, 25 or 50.
    expect([metrics.cameraAccuracyLow, metrics.cameraAccuracyHigh]).toEqual([0, 50]);
    expect([metrics.shortAccuracyLow, metrics.shortAccuracyHigh]).toEqual([100, 100]);
    // Video a twice: (50 + 100) / 2 = 75; b twice: only camera, 0.
    expect([metrics.accuracyLow, metrics.accuracyHigh]).toEqual([0, 75]);
    expect([metrics.scoreLow, metrics.scoreHigh]).toEqual([0, 4]);
  });

  test("with the authors' quirk a clip of zeros is dropped, and the table says how many were", async () => {
    const { metrics } = await vdcSummary(items, { dropZeros: true });
    expect(metrics).toMatchObject({ cameraAccuracy: 50, cameraScore: 3, accuracy: 75, score: 4 });
    const columns = await table(items, { dropZeros: true });
    expect(columns.columns.slice(7)).toEqual(['Clips', 'Dropped zeros', 'Questions']);
    expect(columns.rows.map(({ label, values }) => [label, ...values.slice(6)])).toEqual([
      ['Camera', 1, 1, 2],
      ['Short', 1, 0, 1],
    ]);
  });

  test('all zero: 0 as defined; with the quirk nothing is left to measure, and no number is made up', async () => {
    const zeros = [scored('detailed', 'a', 0, 0), scored('detailed', 'b', 0, 0)];
    expect((await vdcSummary(zeros)).metrics).toMatchObject({ accuracy: 0, score: 0, detailedAccuracy: 0 });
    const dropped = await vdcSummary(zeros, { dropZeros: true });
    expect(dropped.metrics).toEqual({});
    expect(dropped.tables[0]!.rows).toEqual([
      { label: 'Detailed', values: [null, null, null, null, null, null, 0, 2, 2] },
    ]);
  });

  test('without items there are no numbers', async () => {
    const { metrics, tables } = await vdcSummary([]);
    expect(metrics).toEqual({});
    expect(tables[0]!.rows).toEqual([]);
  });
});

describe('vdcSummary: which captions were scored', () => {
  const labels = {
    own: 'another caption under each aspect, as the authors ask for',
    shared: 'one caption that stood for all aspects',
    one: 'one aspect scored only',
    none: 'no caption (worth 0)',
  };

  test('counts videos by how they were captioned', async () => {
    const counts = await captions([
      scored('camera', 'own', 1, 5, 'a pan'),
      scored('short', 'own', 1, 5, 'a man runs'),
      scored('camera', 'partly', 1, 5, 'a pan'),
      scored('short', 'partly', 0, 0),
      scored('camera', 'shared', 1, 5, 'a man runs'),
      scored('short', 'shared', 1, 5, 'a man runs'),
      scored('short', 'one', 1, 5, 'a man runs'),
      scored('camera', 'none', 0, 0),
      scored('short', 'none', 0, 0),
    ]);
    expect(counts).toEqual({ [labels.own]: 2, [labels.shared]: 1, [labels.one]: 1, [labels.none]: 1 });
  });
});
