import type { PublishedRow } from '../suites/suite.ts';

const TABLE = 'rese1f/aurora, src/lmms-eval/lmms_eval/tasks/vdc/README.md; judge Llama-3.1-8B-Instruct';

type Pair = readonly [accuracy: number, score: number];

/** Accuracy (points) and score (0-5) as published; the means over aspects are taken here. */
function row(
  model: string,
  camera: Pair,
  short: Pair,
  background: Pair,
  mainObject: Pair,
  detailed: Pair,
): PublishedRow {
  const pairs = { camera, short, background, mainObject, detailed };
  const all = Object.values(pairs);
  const metrics: Record<string, number> = {
    accuracy: all.reduce((sum, [accuracy]) => sum + accuracy, 0) / all.length,
    score: all.reduce((sum, [, score]) => sum + score, 0) / all.length,
  };
  for (const [aspect, [accuracy, score]] of Object.entries(pairs))
    Object.assign(metrics, { [`${aspect}Accuracy`]: accuracy, [`${aspect}Score`]: score });
  return { model, metrics, source: TABLE };
}

/** Figures of the authors' own table, and what is known of VideoCap-R1's. */
export const VDC_PUBLISHED: readonly PublishedRow[] = [
  row('AuroraCap-7B', [43.5, 2.27], [32.07, 1.68], [35.92, 1.84], [39.02, 1.97], [41.3, 2.15]),
  row('InternVL-2-8B', [39.08, 2.11], [33.02, 1.74], [37.47, 1.89], [44.16, 2.22], [34.89, 1.82]),
  row('LLaVA-OV-7B', [37.82, 2.02], [32.58, 1.7], [37.43, 1.92], [38.21, 1.96], [41.2, 2.13]),
  row('ShareGPT4Video-8B', [33.28, 1.76], [39.08, 1.94], [35.77, 1.81], [37.12, 1.89], [35.62, 1.84]),
  row('LLaVA-NeXT-V7B', [39.73, 2.1], [30.63, 1.6], [36.54, 1.88], [36.54, 1.88], [33.84, 1.77]),
  row('LLaVA-1.6-7B', [36.5, 1.93], [31.91, 1.65], [37.58, 1.92], [36.03, 1.85], [36.47, 1.89]),
  row('Gemini-1.5 Pro', [38.68, 2.05], [35.71, 1.85], [43.84, 2.23], [47.32, 2.41], [43.11, 2.22]),
  {
    model: 'VideoCap-R1 (Qwen2-VL-7B)',
    metrics: { accuracy: 43.8 },
    source: 'VideoCap-R1, as its ICLR 2026 reviews quote it; taken to be the mean over aspects; judge unknown',
  },
  {
    model: 'Qwen2-VL-7B',
    metrics: { accuracy: 39.6 },
    source: "inferred: VideoCap-R1's 43.8 less the gain of 4.2 that its abstract gives",
  },
];
