import type { PublishedRow } from '../suites/suite.ts';

const FIGURE =
  'MCG-NJU/CaReBench, assets/performance.png ("Caption (Avg. F1)"); judge not stated, the script names deepseek-chat';

/** The authors' repository shows the mean of the two F1s only. */
export const CAREBENCH_PUBLISHED: readonly PublishedRow[] = [
  { model: 'CaRe-7B', metrics: { meanF1: 33.4 }, source: FIGURE },
  { model: 'Qwen2-VL-7B', metrics: { meanF1: 26.8 }, source: FIGURE },
  { model: 'LLaVA-NeXT-Video-7B', metrics: { meanF1: 25.7 }, source: FIGURE },
];

/** VideoCap-R1 states gains; its values could not be found. */
export const CAREBENCH_NOTES: readonly string[] = [
  'VideoCap-R1 (arXiv 2506.01725, abstract) states gains only, over its own Qwen2-VL-7B: action F1 +3.1, object F1 +6.9 points. ' +
    'The values behind them are not known, so it has no row here.',
];
