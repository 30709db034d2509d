import { type ClipScore, NO_CAPTION, type SuiteScore, suiteScore } from '../autodq.ts';

/** CapST of one caption: what happens and what is there, scored apart. */
export interface CareBenchClipScore {
  action: ClipScore;
  object: ClipScore;
}

export const NO_CAREBENCH_CAPTION: CareBenchClipScore = { action: NO_CAPTION, object: NO_CAPTION };

/**
 * CaReBench's caption scores (`MCG-NJU/CaReBench`, `utils/dream_gpt.py`), in [0, 1]: AutoDQ's for actions and for objects over all clips
 * as one group, and the mean of the two F1s, which is the authors' "Caption (Avg. F1)". NaN without clips.
 */
export interface CareBenchScore {
  action: SuiteScore;
  object: SuiteScore;
  meanF1: number;
}

export function careBenchScore(clips: readonly CareBenchClipScore[]): CareBenchScore {
  const action = suiteScore(clips.map((clip) => clip.action));
  const object = suiteScore(clips.map((clip) => clip.object));
  return { action, object, meanF1: (action.f1 + object.f1) / 2 };
}
