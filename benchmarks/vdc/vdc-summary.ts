import type { Measure } from '../bootstrap.ts';
import type { SuiteTable, Summary } from '../suites/suite.ts';
import type { VdcItem } from './vdc-item.ts';
import { VDC_ASPECTS, type VdcAspect } from './vdc-questions.ts';
import { countedClips, type VdcClipScore, vdcAspectScore, vdcScore } from './vdc-score.ts';

/** Names of an aspect in metrics and in tables. */
export const ASPECT_NAMES: Readonly<Record<VdcAspect, { metric: string; label: string }>> = {
  camera: { metric: 'camera', label: 'Camera' },
  short: { metric: 'short', label: 'Short' },
  background: { metric: 'background', label: 'Background' },
  main_object: { metric: 'mainObject', label: 'Main object' },
  detailed: { metric: 'detailed', label: 'Detailed' },
};

export interface VdcScoredItem {
  item: VdcItem;
  caption?: string;
  score: VdcClipScore;
}

/**
 * VDC's numbers. Metrics: `accuracy` (points) and `score` (0-5), the means over aspects; `<aspect>Accuracy` and
 * `<aspect>Score`; each with 95% bounds, where the resamples of the two means draw videos, each with all its aspects. A
 * second table says for how many videos one caption stood for all aspects.
 */
export async function vdcSummary(
  scored: readonly VdcScoredItem[],
  quirks: { dropZeros: boolean },
  measure: Measure,
): Promise<Summary> {
  const metrics: Record<string, number> = {};
  const rows: SuiteTable['rows'][number][] = [];
  for (const aspect of VDC_ASPECTS) {
    const items = scored.filter(({ item }) => item.aspect === aspect);
    if (items.length === 0) continue;
    const clips = countedClips(
      items.map(({ score }) => score),
      quirks,
    );
    const { metric, label } = ASPECT_NAMES[aspect];
    Object.assign(metrics, await measure(clips, (some) => named(metric, aspectMeans(some))));
    const value = (name: string) => metrics[`${metric}${name}`] ?? null;
    rows.push({
      label,
      values: [
        ...['Accuracy', 'AccuracyLow', 'AccuracyHigh', 'Score', 'ScoreLow', 'ScoreHigh'].map(value),
        clips.length,
        items.length - clips.length,
        items.reduce((sum, { item }) => sum + item.questions.length, 0),
      ],
    });
  }
  const videos = byVideo(scored, quirks);
  Object.assign(metrics, await measure(videos, (some) => named('', meansOverAspects(some))));
  const columns = [
    'Aspect',
    'Accuracy',
    'from',
    'to',
    'Score (0-5)',
    'from',
    'to',
    'Clips',
    'Dropped zeros',
    'Questions',
  ];
  return { metrics, tables: [{ title: 'Aspects', columns, rows }, captionsTable(scored)] };
}

type VideoScores = Partial<Record<VdcAspect, VdcClipScore>>;

/** The scores that count, video by video. */
function byVideo(scored: readonly VdcScoredItem[], quirks: { dropZeros: boolean }): VideoScores[] {
  const videos = new Map<string, VideoScores>();
  for (const { item, score } of scored) {
    if (countedClips([score], quirks).length === 0) continue;
    videos.set(item.clip, { ...videos.get(item.clip), [item.aspect]: score });
  }
  return [...videos.values()];
}

function aspectMeans(clips: readonly VdcClipScore[]): VdcClipScore {
  return vdcAspectScore(clips, { dropZeros: false });
}

/** Sums as it goes: a thousand resamples of a thousand videos each come through here. */
function meansOverAspects(videos: readonly VideoScores[]): VdcClipScore {
  const means: VideoScores = {};
  for (const aspect of VDC_ASPECTS) {
    let [clips, accuracy, score] = [0, 0, 0];
    for (const video of videos) {
      const clip = video[aspect];
      if (!clip) continue;
      clips++;
      accuracy += clip.accuracy;
      score += clip.score;
    }
    if (clips > 0) means[aspect] = { accuracy: accuracy / clips, score: score / clips };
  }
  return vdcScore(means);
}

/** Accuracy in points, score in 0-5. */
function named(prefix: string, { accuracy, score }: VdcClipScore): Record<string, number> {
  return prefix === ''
    ? { accuracy: 100 * accuracy, score }
    : { [`${prefix}Accuracy`]: 100 * accuracy, [`${prefix}Score`]: score };
}

/**
 * The authors ask for another caption under each aspect. A policy with one instruction writes one, which then stands
 * for all.
 */
function captionsTable(scored: readonly VdcScoredItem[]): SuiteTable {
  const videos = new Map<string, (string | undefined)[]>();
  for (const { item, caption } of scored) videos.set(item.clip, [...(videos.get(item.clip) ?? []), caption]);
  const kinds = [...videos.values()].map((captions) => {
    const present = captions.filter((caption) => caption !== undefined);
    if (present.length === 0) return 'none';
    if (captions.length === 1) return 'oneAspect';
    return present.length === captions.length && new Set(present).size === 1 ? 'shared' : 'own';
  });
  const count = (kind: (typeof kinds)[number]) => kinds.filter((other) => other === kind).length;
  return {
    title: 'Which captions were scored',
    columns: ['Videos with', 'Count'],
    rows: [
      { label: 'another caption under each aspect, as the authors ask for', values: [count('own')] },
      { label: 'one caption that stood for all aspects', values: [count('shared')] },
      { label: 'one aspect scored only', values: [count('oneAspect')] },
      { label: 'no caption (worth 0)', values: [count('none')] },
    ],
  };
}
