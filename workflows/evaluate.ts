import { decodingOf } from '../benchmarks/benchmark-config.ts';
import type { Evaluation } from '../contracts/run-results.ts';
import { withoutCosts } from '../policy/endpoint-of.ts';
import { embeddingFiles } from '../rewards/think/embedding-model.ts';
import { benchmarkIdentity } from './benchmark-identity.ts';
import type { JudgeGate } from './judge-gate.ts';
import { benchmarkJudgeVersion } from './judge-version.ts';
import { writtenBy } from './policy-texts.ts';
import type { RunState } from './run-state.ts';
import { judgeActivities, policyActivities } from './stages.ts';
import { evaluateSuites, suiteMetrics } from './suites.ts';

/** A policy to measure, and the step that it is of. */
type Subject = Pick<Evaluation, 'step' | 'policy'>;

/**
 * Benchmarks the run's policy on the held-out split, and with `suites` on published benchmarks too. A measurement of
 * this step that the run has already is not repeated, since its judge calls were paid for.
 */
export async function evaluate(
  run: RunState,
  gate: JudgeGate,
  { suites: withSuites = false } = {},
): Promise<Evaluation> {
  const heldOut = run.evaluationNow ?? (await evaluateHeldOut(run, gate));
  return withSuites ? addSuites(run, gate, heldOut) : heldOut;
}

/**
 * What a run ends with: its last policy on the held-out split, and the policy that it exports on the published
 * benchmarks.
 */
export async function evaluateFinally(run: RunState, gate: JudgeGate): Promise<void> {
  if (!run.evaluationNow) run.keep(await evaluate(run, gate));
  run.keep(await addSuites(run, gate, run.exported));
}

/** Measures a policy on the published benchmarks that it was not measured on yet. */
export async function addSuites(run: RunState, gate: JudgeGate, evaluation: Evaluation): Promise<Evaluation> {
  const suites = await evaluateSuites(run, gate, evaluation);
  if (suites.length === 0) return evaluation;
  return { ...evaluation, metrics: { ...evaluation.metrics, ...suiteMetrics(suites) }, suites };
}

/** Captions of the held-out split, then the scorers. @param subject default: the run's policy now. */
export async function evaluateHeldOut(
  run: RunState,
  gate: JudgeGate,
  subject: Subject = { step: run.place.step, policy: run.policy },
): Promise<Evaluation> {
  const { step, policy } = subject;
  const place = { ...run.place, step };
  const { captioning, scoring } = heldOutStages(run);
  run.stage = 'benchmark';
  const { config } = run;
  const { divergence } = run;
  const written = await writtenBy({ config, policy, divergence, gate, of: 'captioner' }, () =>
    policyActivities(config.policy.engine).captionClips({ ...{ ...place, policy, ...captioning }, ...run.captioning }),
  );
  const { captions, computedWith } = written;
  run.spendOnCaptions(written.usage);
  if (computedWith) run.noteIdentity('engine', [computedWith]);
  const { maxNewTokens, decoding } = captioning;
  const madeWith = { frames: config.frames, maxNewTokens, decoding };
  const { metrics, details, judge, comparedWith, made } = await run.benchmarkInTurn(() =>
    gate.through(() =>
      judgeActivities.scoreBenchmark({ ...place, captions, ...scoring, madeWith, ...run.benchmarkJudge }),
    ),
  );
  run.noteBenchmarkJudge(judge);
  if (comparedWith) run.noteIdentity('embedding', [comparedWith]);
  const benchmark = heldOutIdentity(run, await benchmarkJudgeVersion(run, gate), embeddingOf(run));
  return { step, metrics, captions, details, policy, judge, benchmark, ...(made && { made }) };
}

/**
 * Names what this run measures on its held-out split with.
 * @param judgeVersion as `benchmarkJudgeVersion` says.
 * @param embedding as `embeddingOf` says.
 */
export function heldOutIdentity(run: RunState, judgeVersion: string | undefined, embedding?: object): string {
  const { captioning, scoring } = heldOutStages(run);
  const { decoding, seed } = captioning;
  // Without a temperature nothing is drawn.
  const drawn = decoding.temperature > 0 ? seed : undefined;
  const { judge } = run.benchmarkJudge;
  const engine = withoutCosts(captioning.engine);
  return benchmarkIdentity({ ...captioning, engine, seed: drawn, ...scoring, embedding, judge, judgeVersion });
}

/** The model that compares phrases in this run's benchmark, if one does. */
export function embeddingOf({ config: { reward, benchmark } }: RunState): object | undefined {
  const embeds = reward.think.similarity === 'sentence-embedding' || benchmark.metrics.includes('embedding');
  return embeds ? embeddingFiles(reward.embeddingModel) : undefined;
}

/** What the stages of the held-out benchmark are given, besides the policy and its place in the run. */
function heldOutStages(run: RunState) {
  const { config, manifest, heldOutClips } = run;
  return {
    captioning: {
      engine: config.policy.engine,
      clips: heldOutClips,
      list: 'held-out',
      output: config.prompt.output,
      maxNewTokens: config.benchmark.maxNewTokens,
      decoding: decodingOf(config.benchmark),
      seed: config.seed,
    },
    scoring: {
      suite: 'held-out' as const,
      manifest,
      reward: config.reward,
      metrics: config.benchmark.metrics,
    },
  };
}
