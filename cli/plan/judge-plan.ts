import { judgeOfBenchmarks, type SuiteConfig } from '../../benchmarks/benchmark-config.ts';
import type { ExperimentConfig } from '../../configs/schema.ts';
import { isLlm, isPriced, type JudgeConfig } from '../../judge/judge-config.ts';
import type { CaptionOptions } from '../../rewards/caption-reward.ts';

/** Questions put to the judge, at most: equal captions are asked about once, and the ledger's answers cost nothing. */
export interface JudgePlan {
  perStep: number;
  /** All steps. */
  training: number;
  benchmark: number;
  /** USD, where `judge.price` is set. */
  cost?: number;
}

/** Tokens of a question and of its answer: the shipped prompts with a caption of 200 tokens and 6 events. Estimates. */
export const TOKENS_PER_QUESTION = 700;
export const TOKENS_PER_ANSWER = 250;

/** Questions of each suite over all its clips, for one policy: `docs/reproduce.md`, section Cost. */
const SUITES: Partial<Record<SuiteConfig['suite'], { clips: number; questions: number }>> = {
  dream1k: { clips: 1000, questions: 3000 },
  carebench: { clips: 1000, questions: 7000 },
  vdc: { clips: 1027, questions: 2 * 96_902 },
};
const NOT_COUNTED = { clips: 1, questions: 0 };
/** Of a held-out clip: its events, the caption's events, and those compared with the reference. */
const QUESTIONS_PER_CLIP = 3;

const QUESTIONS_PER_CAPTION: Readonly<Record<CaptionOptions['variant'], number>> = {
  stepped: 1,
  linear: 1,
  'completeness-naturalness': 1,
  f1: 3,
};

/** @param texts completions of a step, over all its rounds; @param heldOut clips to measure on. */
export function planJudge(config: ExperimentConfig, texts: number, heldOut: number): JudgePlan {
  const { judge, algorithm, benchmark } = config;
  const perStep = isLlm(judge) ? texts * questionsPerCompletion(config) : 0;
  const training = perStep * algorithm.steps;
  const other = judgeOfBenchmarks(config);
  const times = evaluations(algorithm.steps, benchmark.everySteps);
  const clips = benchmark.metrics.includes('events') ? heldOut * QUESTIONS_PER_CLIP * times : 0;
  // Suites measure the base and the trained policy.
  const suites = benchmark.suites.reduce((sum, { suite, limit }) => {
    const { clips: all, questions } = SUITES[suite] ?? NOT_COUNTED;
    return sum + 2 * questions * (Math.min(limit ?? all, all) / all);
  }, 0);
  const measured = isLlm(other) ? Math.round(clips + suites) : 0;
  const priced = [judge, other].some((one) => isLlm(one) && isPriced(one));
  const cost = costOf(judge, training) + costOf(other, measured);
  return { ...{ perStep, training, benchmark: measured }, ...(priced && { cost }) };
}

/** Suites of which it is not known here what they ask. */
export function suitesNotCounted({ benchmark }: ExperimentConfig): string[] {
  return benchmark.suites.map(({ suite }) => suite).filter((suite) => SUITES[suite] === undefined);
}

function questionsPerCompletion({ reward: { caption, qa, checklist } }: ExperimentConfig): number {
  return QUESTIONS_PER_CAPTION[caption.variant] + (qa?.draws ?? 0) + (checklist ? 1 : 0);
}

/** Before the first step, after every so many, and after the last. */
function evaluations(steps: number, every: number): number {
  const between = every === 0 ? 0 : Math.ceil(steps / every) - 1;
  return steps === 0 ? 1 : 2 + between;
}

function costOf(judge: JudgeConfig, questions: number): number {
  if (!isLlm(judge)) return 0;
  const { inputPerMillion, outputPerMillion } = judge.price;
  return (questions * (TOKENS_PER_QUESTION * inputPerMillion + TOKENS_PER_ANSWER * outputPerMillion)) / 1e6;
}
