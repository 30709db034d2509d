import type { z } from 'zod';
import type { StepRecord } from '../contracts/run-results.ts';
import type { JudgeCaptionsOutput, Rewards } from '../contracts/stages.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { type Score, scoreValue } from '../core/score.ts';
import { combineRewards } from '../rewards/combine-rewards.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { ClipsAhead, RunState } from './run-state.ts';
import { policy, stage } from './stages.ts';

type Captions = z.infer<typeof JudgeCaptionsOutput>;

/** What one optimiser step leaves behind, besides the new policy. */
export interface StepTrace {
  metrics: Record<string, number>;
  rollout?: ArtifactRef;
  verdicts?: ArtifactRef;
  rewards?: Rewards;
  scores?: StepRecord['scores'];
}

/** One GRPO step: G completions a sample, their scores, one update. VideoCap-R1, section 3. */
export async function grpoStep(run: RunState, gate: JudgeGate): Promise<StepTrace> {
  const { config, nextPlace: place, manifest } = run;
  const { threads } = config.policy;
  const started = Date.now();

  run.stage = 'frames';
  const clips = await clipsOf(run);
  const framesSeconds = (Date.now() - started) / 1000;
  run.stage = 'rollout';
  const rollout = await policy.rolloutGroups({
    ...place,
    policy: run.policy,
    threads,
    clips,
    sampling: config.sampling,
    seed: config.seed,
  });
  run.stage = 'scoring';
  const [thoughts, captions] = await Promise.all([
    stage.scoreThoughts({ ...place, rollout: rollout.rollout, manifest, think: config.reward.think }),
    gate.through(() =>
      stage.judgeCaptions({
        ...place,
        rollout: rollout.rollout,
        manifest,
        judge: run.judge,
        spent: run.snapshot.spent,
        caption: config.reward.caption,
      }),
    ),
  ]);
  run.spend(captions.usage);
  const { rewards, stats } = combineRewards({ ...thoughts, ...captions }, config.reward, config.grpo);
  run.stage = 'update';
  const [update, ahead] = await Promise.all([
    policy.updatePolicy({
      ...place,
      policy: run.policy,
      reference: run.reference,
      threads,
      clips,
      keepEvery: config.benchmark.everySteps,
      batch: {
        method: 'grpo',
        grpo: config.grpo,
        rollout: rollout.rollout,
        rewards,
        temperature: config.sampling.temperature,
        maxNewTokens: config.sampling.maxNewTokens,
      },
    }),
    decodeAhead(run),
  ]);

  const seconds = (Date.now() - started) / 1000;
  const metrics = {
    ...prefixed('reward', stats),
    ...prefixed('train', update.metrics),
    'train/completionLength': rollout.meanLength,
    'train/truncatedShare': rollout.truncated / rollout.completions,
    'train/tokensPerSecond': rollout.tokens / rollout.seconds,
    ...judgeMetrics(captions),
    'time/stepSeconds': seconds,
    'time/framesSeconds': framesSeconds,
    'time/rolloutSeconds': rollout.seconds,
    'time/thinkSeconds': thoughts.seconds,
    'time/judgeSeconds': captions.seconds,
    'time/updateSeconds': update.seconds,
  };
  const scores = {
    format: numbers(thoughts.format),
    think: numbers(thoughts.think),
    caption: numbers(captions.caption),
    advantage: rewards.advantages,
  };
  run.advance(update.policy, metrics, seconds, ahead);
  return { metrics, rollout: rollout.rollout, verdicts: captions.verdicts, rewards, scores };
}

/** One step of the SFT baseline: the same samples' references, the same optimiser. */
export async function sftStep(run: RunState): Promise<StepTrace> {
  const { config, nextPlace: place, manifest } = run;
  const started = Date.now();
  run.stage = 'frames';
  const clips = await clipsOf(run);
  run.stage = 'update';
  const [update, ahead] = await Promise.all([
    policy.updatePolicy({
      ...place,
      policy: run.policy,
      reference: run.reference,
      threads: config.policy.threads,
      clips,
      keepEvery: config.benchmark.everySteps,
      batch: { method: 'sft', sft: config.sft, manifest },
    }),
    decodeAhead(run),
  ]);
  const seconds = (Date.now() - started) / 1000;
  const metrics = {
    ...prefixed('train', update.metrics),
    'time/stepSeconds': seconds,
    'time/updateSeconds': update.seconds,
  };
  run.advance(update.policy, metrics, seconds, ahead);
  return { metrics };
}

/** The clips of the step at hand: those decoded ahead, if they are of this step. */
async function clipsOf(run: RunState): Promise<ArtifactRef> {
  const { clipsAhead } = run.snapshot;
  if (clipsAhead?.step === run.nextPlace.step) return clipsAhead.clips;
  const { clips } = await stage.extractFrames({
    manifest: run.manifest,
    samples: run.batchOf(run.nextPlace.step),
    frames: run.config.frames,
  });
  return clips;
}

/** Decodes the clips of the step after this one while the engine updates. */
async function decodeAhead(run: RunState): Promise<ClipsAhead | undefined> {
  const step = run.nextPlace.step + 1;
  if (step > run.totalSteps) return undefined;
  const samples = run.batchOf(step);
  const { clips } = await stage.extractFrames({ manifest: run.manifest, samples, frames: run.config.frames });
  return { step, clips };
}

/** Of a step's captions; latencies only where there were any. */
function judgeMetrics({ caption, usage }: Captions): Record<string, number> {
  const { latencySeconds, ...counts } = usage;
  const scores = caption.flat();
  return {
    ...prefixed('judge', counts),
    ...(latencySeconds.max > 0 && prefixed('judge/latencySeconds', latencySeconds)),
    'judge/unscorableShare': scores.filter((score) => 'unscorable' in score).length / scores.length,
  };
}

/** A score that is no number stays none: `null`, not 0. */
function numbers(scores: Score[][]): (number | null)[][] {
  return scores.map((group) => group.map((score) => scoreValue(score) ?? null));
}

function prefixed(prefix: string, metrics: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).map(([name, value]) => [`${prefix}/${name}`, value]));
}
