import { judgeOfBenchmarks, type SuiteConfig } from '../benchmarks/benchmark-config.ts';
import { isLlm, isPriced, type JudgeConfig } from '../judge/judge-config.ts';
import type { CaptionOptions } from '../rewards/caption-reward.ts';
import type { ExperimentConfig } from './schema.ts';

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
  // Suites measure the base and the trained policy.
  const { questions: measured } = measuring(config, heldOut, { times, policies: 2 });
  const priced = [judge, other].some((one) => isLlm(one) && isPriced(one));
  const cost = costOf(judge, training) + costOf(other, measured);
  return { ...{ perStep, training, benchmark: measured }, ...(priced && { cost }) };
}

/**
 * Clips that benchmarks caption, and questions that they put to a language model.
 * @param times how often the held-out clips are measured; @param policies those that suites measure.
 */
export function measuring(
  config: ExperimentConfig,
  heldOut: number,
  { times, policies }: { times: number; policies: number },
): { clips: number; questions: number } {
  const { metrics, suites } = config.benchmark;
  const asked = {
    clips: heldOut * times,
    questions: metrics.includes('events') ? heldOut * QUESTIONS_PER_CLIP * times : 0,
  };
  for (const { suite, limit } of suites) {
    const { clips: all, questions } = SUITES[suite] ?? NOT_COUNTED;
    const share = Math.min(limit ?? all, all) / all;
    asked.clips += policies * all * share;
    asked.questions += policies * questions * share;
  }
  return { clips: asked.clips, questions: isLlm(judgeOfBenchmarks(config)) ? Math.round(asked.questions) : 0 };
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

export function costOf(judge: JudgeConfig, questions: number): number {
  if (!isLlm(judge)) return 0;
  const { inputPerMillion, outputPerMillion } = judge.price;
  return (questions * (TOKENS_PER_QUESTION * inputPerMillion + TOKENS_PER_ANSWER * outputPerMillion)) / 1e6;
}
