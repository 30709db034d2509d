import type { AuthorsCaptioning } from '../suites/captioning.ts';

/**
 * AuroraCap's: 16 frames with both ends of the video among them, each 378 by 378 pixels after a crop of its middle,
 * greedy. Here nothing is cropped: frames of any shape get about as many pixels.
 */
export const VDC_CAPTIONING: AuthorsCaptioning = {
  frames: { count: 16, sampling: 'ends', minPixels: 142_884, maxPixels: 142_884 },
  maxNewTokens: 1024,
  decoding: { temperature: 0 },
  source:
    'rese1f/aurora, src/lmms-eval/lmms_eval/models/auroracap.py:55-62, 473-508, ' +
    'src/lmms-eval/lmms_eval/models/model_utils/load_video.py:31-46, tasks/vdc/utils.py:50-150',
};
