import { CLIP_METRICS } from '../benchmarks/clip-metrics.ts';
import type { ClipResult } from '../benchmarks/held-out.ts';
import type { MeasuredRun } from './sweep-table.ts';

/** What every arm wrote about the same clips in one condition, one run an arm. */
export interface ClipsOfArms {
  condition: string;
  /** With the seed of the run that stands for the arm: its first that counts. */
  arms: { arm: string; seed: number }[];
  clips: ClipOfArms[];
  /** Clips that the page leaves out. */
  more: number;
}

export interface ClipOfArms {
  sampleId: string;
  /** The reference's events, where the benchmark compares with them. */
  events: readonly string[];
  /** In the order of the arms; absent where an arm has no result of this clip. */
  answers: ({ caption: string | undefined; score: number | undefined } | undefined)[];
}

/** A page has so many clips of a condition. */
const MOST_CLIPS = 20;

/** The clips of each condition on which the arms differ most by a metric, from the largest difference on. */
export function clipsOfArms(runs: readonly MeasuredRun[], metric: string): ClipsOfArms[] {
  const conditions = [...new Set(runs.map(({ condition }) => condition))];
  return conditions.flatMap((condition) => {
    const here = runs.filter((run) => run.condition === condition && run.state === 'finished' && run.measured);
    const first = here.filter(({ arm }, i) => here.findIndex((run) => run.arm === arm) === i);
    if (first.length < 2) return [];
    const results = first.map(({ measured }) => new Map(measured!.clips.map((clip) => [clip.sampleId, clip])));
    const ids = new Set(first.flatMap(({ measured }) => measured!.clips.map(({ sampleId }) => sampleId)));
    const clips = [...ids].map((sampleId) => clipOf(sampleId, results, metric));
    const spread = new Map(clips.map((clip) => [clip, spreadOf(clip)]));
    clips.sort((a, b) => spread.get(b)! - spread.get(a)!);
    return {
      condition,
      arms: first.map(({ arm, seed }) => ({ arm, seed })),
      clips: clips.slice(0, MOST_CLIPS),
      more: Math.max(0, clips.length - MOST_CLIPS),
    };
  });
}

function clipOf(sampleId: string, results: readonly ReadonlyMap<string, ClipResult>[], metric: string): ClipOfArms {
  const found = results.map((clips) => clips.get(sampleId));
  return {
    sampleId,
    events: found.find((clip) => clip?.events)?.events ?? [],
    answers: found.map((clip) => clip && { caption: clip.caption, score: scoreOf(clip, metric) }),
  };
}

function scoreOf(clip: ClipResult, metric: string): number | undefined {
  const parts = CLIP_METRICS[metric]?.parts(clip);
  return parts && CLIP_METRICS[metric]!.value(parts);
}

function spreadOf({ answers }: ClipOfArms): number {
  const scores = answers.flatMap((answer) => (answer?.score === undefined ? [] : [answer.score]));
  return scores.length === 0 ? 0 : Math.max(...scores) - Math.min(...scores);
}
