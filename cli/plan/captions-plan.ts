import { judgeOfBenchmarks } from '../../benchmarks/benchmark-config.ts';
import { costOf, measuring, suitesNotCounted } from '../../configs/judge-plan.ts';
import type { ExperimentConfig } from '../../configs/schema.ts';
import { isLlm, isPriced } from '../../judge/judge-config.ts';
import type { OpenAiConfig } from '../../policy/openai/openai-config.ts';
import { promptTexts } from '../../policy/prompt-config.ts';
import { frameCount, samplesOf } from './plan-experiment.ts';

/** What the benchmarks of a model behind an endpoint take: it captions every clip once, and is not trained. */
export interface CaptionsPlan {
  model: string;
  captions: number;
  /** Tokens of a request, and of its answer at most. */
  inputTokens: number;
  outputTokens: number;
  /** USD, where `policy.engine.price` is set. */
  cost?: number;
  /** Questions to the judge, and USD where it has a price. */
  judge: { questions: number; cost?: number };
  notes: string[];
}

/** Of a picture: as Qwen2-VL's and Qwen2.5-VL's processors make them. Other models differ by several times. */
const PIXELS_PER_TOKEN = 28 * 28;
/** English text. */
const CHARACTERS_PER_TOKEN = 4;

/** @param completionTokens mean tokens of a caption, where that is known; else all are as long as they may be. */
export async function planCaptions(
  config: ExperimentConfig,
  engine: OpenAiConfig,
  completionTokens?: number,
): Promise<CaptionsPlan> {
  const { policy, frames, prompt, dataset, benchmark } = config;
  const heldOut = dataset.kind === 'shapes' ? dataset.heldOutSamples : await samplesOf([{ path: dataset.heldOut }]);
  const { clips, questions } = measuring(config, heldOut ?? 0, { times: 1, policies: 1 });
  const characters = Math.max(...promptTexts(prompt).map(({ length }) => length));
  const pictures = (frameCount(frames) * frames.maxPixels) / PIXELS_PER_TOKEN;
  const inputTokens = Math.ceil(pictures + characters / CHARACTERS_PER_TOKEN);
  const outputTokens = Math.min(completionTokens ?? benchmark.maxNewTokens, benchmark.maxNewTokens);
  const judge = judgeOfBenchmarks(config);
  const { inputPerMillion, outputPerMillion } = engine.price;
  return {
    ...{ model: policy.model, captions: clips, inputTokens, outputTokens },
    ...(isPriced(engine) && {
      cost: (clips * (inputTokens * inputPerMillion + outputTokens * outputPerMillion)) / 1e6,
    }),
    judge: { questions, ...(isLlm(judge) && isPriced(judge) && { cost: costOf(judge, questions) }) },
    notes: [
      'tokens of pictures are estimated: models differ by several times',
      ...(heldOut === undefined ? ['the held-out file is not here: its clips are not counted'] : []),
      ...suitesNotCounted(config).map((suite) => `what ${suite} asks the judge is not counted`),
    ],
  };
}

/** A plan for a person. */
export function captionsLines({
  model,
  captions,
  inputTokens,
  outputTokens,
  cost,
  judge,
  notes,
}: CaptionsPlan): string[] {
  const whole = (number: number) => Math.round(number).toLocaleString('en-US');
  const price = (usd: number | undefined, field: string) =>
    usd === undefined ? `set ${field} for the cost` : `${usd.toFixed(2)} USD`;
  const judged =
    judge.questions === 0
      ? 'no questions to a language model'
      : `at most ${whole(judge.questions)} questions: ${price(judge.cost, 'judge.price')}`;
  return [
    `${model}, which an endpoint serves`,
    '',
    `  captions   ${whole(captions)}, each of ${whole(inputTokens)} + ${whole(outputTokens)} tokens: ` +
      price(cost, 'policy.engine.price'),
    `  judge      ${judged}`,
    '',
    ...notes.map((note) => `  ${note}.`),
  ];
}
