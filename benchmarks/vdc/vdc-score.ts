import { mean } from '../../core/statistics.ts';
import { VDC_ASPECTS, type VdcAspect } from './vdc-questions.ts';

/** What the judge made of one answer: does it mean the same as the correct one, and how well does it match, 0-5. */
export interface VdcMatch {
  correct: boolean;
  score: number;
}

/** VDCscore of one caption under one aspect: share of questions answered rightly in [0, 1], mean match in [0, 5]. */
export interface VdcClipScore {
  accuracy: number;
  score: number;
}

/** No question can be answered without a caption. */
export const NO_VDC_CAPTION: VdcClipScore = { accuracy: 0, score: 0 };

/** What of the authors' script is not obvious from the definition, and can be had. */
export interface VdcQuirks {
  /** `if tp_score and tp_acc`: clips whose score or accuracy is 0 are left out of the means, which raises them. */
  dropZeros: boolean;
}

/** VDCscore of a clip (`rese1f/aurora`, `post_eval/process_vdc_result.py`); none where nothing was asked. */
export function vdcClipScore(matches: readonly VdcMatch[]): VdcClipScore | undefined {
  if (matches.length === 0) return undefined;
  const right = matches.filter(({ correct }) => correct).length;
  const sum = matches.reduce((total, { score }) => total + score, 0);
  return { accuracy: right / matches.length, score: sum / matches.length };
}

/** The clips that an aspect's means are made of. */
export function countedClips(clips: readonly VdcClipScore[], { dropZeros }: VdcQuirks): VdcClipScore[] {
  return clips.filter(({ accuracy, score }) => !dropZeros || (accuracy > 0 && score > 0));
}

/** VDCscore of an aspect: means over clips, not over questions. NaN where no clip counts. */
export function vdcAspectScore(clips: readonly VdcClipScore[], quirks: VdcQuirks): VdcClipScore {
  const counted = countedClips(clips, quirks);
  return {
    accuracy: mean(counted.map(({ accuracy }) => accuracy)),
    score: mean(counted.map(({ score }) => score)),
  };
}

/** VDCscore as a whole: the plain mean over the aspects that were scored. NaN without any. */
export function vdcScore(aspects: Partial<Record<VdcAspect, VdcClipScore>>): VdcClipScore {
  const scored = VDC_ASPECTS.flatMap((aspect) => aspects[aspect] ?? []);
  return { accuracy: mean(scored.map(({ accuracy }) => accuracy)), score: mean(scored.map(({ score }) => score)) };
}
