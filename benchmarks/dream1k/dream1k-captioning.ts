import type { AuthorsCaptioning } from '../suites/captioning.ts';

/** What the published rows ask; a file with other rows is asked as it says. */
export const DREAM1K_INSTRUCTION = 'Describe the video in detail.';

/**
 * Tarsier's: 16 frames with both ends of the video among them, up to 1280 * 720 / 2 pixels each, no lower bound,
 * greedy.
 */
export const DREAM1K_CAPTIONING: AuthorsCaptioning = {
  frames: { count: 16, sampling: 'ends', minPixels: 784, maxPixels: 460_800 },
  maxNewTokens: 512,
  decoding: { temperature: 0 },
  source:
    'bytedance/tarsier, scripts/run_inference_benchmark.sh:63-65, configs/tarser2_default_config.yaml:2-4, ' +
    'data/annotations/DREAM-1k.jsonl',
};
