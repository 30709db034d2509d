import { planExperiment } from '../../cli/plan/plan-experiment.ts';
import { loadConfig } from '../../configs/load-config.ts';
import { uniformAt } from '../../core/random.ts';
import { GPUS } from '../../policy/plan/gpus.ts';
import { modelDimensions } from '../../policy/plan/model-dimensions.ts';
import { planPolicy } from '../../policy/plan/policy-plan.ts';
import type { RunOrder, StageCosts } from './simulated-run.ts';

/** The experiment whose run is simulated. */
export const EXPERIMENT = 'videocap-r1-qwen2vl-7b';
/** Tokens of a completion on average, of at most 1,024: as docs/reproduce.md counts them. */
export const COMPLETION_TOKENS = 400;
export const HARDWARE = { gpu: GPUS['h100-80']!, mfu: 0.35 };

/** How one run differs from the config. */
export interface Variant {
  gpus: number;
  /** Of these GPUs, those of rollout servers; 0: the ranks sample by themselves, on all of them. */
  servers: number;
  samplesPerStep: number;
  samplesPerPart?: number;
  rolloutLag: 0 | 1;
  connections: number;
  /** Median time until the judge answers, in seconds. */
  latency: number;
}

/** As the config has it. */
export const AS_CONFIGURED: Variant = {
  ...{ gpus: 8, servers: 0, samplesPerStep: 8, rolloutLag: 0, connections: 64 },
  latency: 8,
};

/** Of the logarithm of the judge's latency: one answer in twenty takes more than 2.3 times the median. */
export const LATENCY_SPREAD = 0.5;
/** Assumed, of a step: to decode 8 clips with ffmpeg, and to compare thoughts on a CPU. Slower stages hide both. */
export const [FRAMES, SCORING] = [1, 1];
/** Samples of the paper's training split. */
export const SAMPLES = 1500;

/** What `videocap plan` calculates of a variant, as costs of its stages. */
export async function paperCosts(variant: Variant, dispatch: number): Promise<{ order: RunOrder; costs: StageCosts }> {
  const { gpus, servers, samplesPerStep, samplesPerPart, rolloutLag, connections, latency } = variant;
  const config = await loadConfig(EXPERIMENT, {
    'algorithm.samplesPerStep': samplesPerStep,
    'policy.engine.ranks': gpus - servers,
    ...(servers > 0 && {
      'policy.engine.rollout': {
        kind: 'vllm',
        servers: Array.from({ length: servers }, (_, i) => `http://gpu-${i}:8000`),
      },
    }),
  });
  const { work, policy, judge } = await planExperiment(config, { ...HARDWARE, completionTokens: COMPLETION_TOKENS });
  const { dimensions } = modelDimensions(config.policy.model);
  const { parts: _, ...whole } = work;
  const sampling = (samples: number) =>
    planPolicy(dimensions, config.policy.engine, { ...whole, groups: samples }, HARDWARE).step.seconds.sampling;
  const share = (samples: number) => samples / samplesPerStep;
  return {
    order: {
      ...{ steps: Math.ceil(SAMPLES / samplesPerStep), samplesPerStep, samplesPerPart, rolloutLag, connections },
    },
    costs: {
      ...{ sampling, update: policy.step.seconds.update, frames: (FRAMES * samplesPerStep) / 8, dispatch },
      questions: (samples) => Math.round(judge.perStep * share(samples)),
      scoring: (samples) => (SCORING * samples) / 8,
      latency: (step, n) => latency * Math.exp(LATENCY_SPREAD * normalAt(step, n)),
    },
  };
}

/** A number of the standard normal distribution (Box and Muller, 1958). */
function normalAt(step: number, n: number): number {
  const [u, v] = ['radius', 'angle'].map((name) => uniformAt(1, ['judge latency', name, step, n])) as [number, number];
  return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
}
