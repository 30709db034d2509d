import type { z } from 'zod';
import type { RolloutGroupsOutput } from '../contracts/policy.ts';
import type { CompareCompletionsInput } from '../contracts/scoring.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import { customComponents } from '../rewards/registry.ts';
import type { ComparedPhrases } from '../rewards/think/compared.ts';
import { divergedPolicy } from './not-finite.ts';
import { judgeActivities, policyActivities } from './stages.ts';
import type { StepInput } from './step.ts';
import { clipsOf } from './step-clips.ts';

/** One round of completions of a step, with their scores: small numbers and references. */
export interface Round {
  clips: ArtifactRef;
  rollout: z.infer<typeof RolloutGroupsOutput>;
  scores: z.infer<typeof CompareCompletionsInput>['rounds'][number]['scores'];
  verdicts: ArtifactRef;
  compared?: ComparedPhrases | undefined;
  /** How many captions of different samples differ, in [0, 1]. */
  distinctCaptions?: number | undefined;
  usage: JudgeUsage;
  seconds: { frames: number; rollout: number; scoring: number; judge: number; custom?: number };
}

/** G completions of every sample of a round, with their scores. */
export async function sampleRound(input: StepInput, round: number): Promise<Round> {
  const { config, dataset, gate, onStage } = input;
  const place = { ...input.place, round, part: 0 };
  onStage('frames');
  const started = Date.now();
  const clips = await clipsOf(input, round);
  const framesSeconds = (Date.now() - started) / 1000;
  onStage('rollout');
  const rollout = await input.divergence.through(
    () =>
      gate.through(
        () =>
          policyActivities(config.policy.engine).rolloutGroups({
            ...place,
            policy: input.rolloutPolicy,
            engine: config.policy.engine,
            clips,
            output: config.prompt.output,
            sampling: config.sampling,
            seed: config.seed,
          }),
        { of: 'rollout server' },
      ),
    { explain: (sentence) => divergedPolicy(config, input.rolloutPolicy.step, sentence) },
  );
  if (rollout.computedWith) input.onIdentity('engine', [rollout.computedWith]);
  if (input.turn) await input.turn;
  onStage('scoring');
  const completions = { ...place, rollout: rollout.rollout, manifest: dataset.manifest, reward: config.reward };
  const [local, judged, custom] = await Promise.all([
    judgeActivities.scoreCompletions(completions),
    gate.through(() =>
      judgeActivities.judgeCompletions({
        ...completions,
        judge: input.judge(),
        seed: config.seed,
        spent: input.spent(),
      }),
    ),
    customComponents(config.reward).length > 0
      ? gate.through(() => judgeActivities.scoreCustomRewards(completions))
      : undefined,
  ]);
  if (local.comparedWith) input.onIdentity('embedding', [local.comparedWith]);
  input.onJudged(judged.usage);
  input.onIdentity('judge', judged.answeredBy ?? []);
  return {
    clips,
    rollout,
    scores: { local: local.scores, judged: judged.scores, ...(custom && { custom: custom.scores }) },
    verdicts: judged.verdicts,
    compared: local.compared,
    distinctCaptions: local.distinctCaptions,
    usage: judged.usage,
    seconds: {
      frames: framesSeconds,
      rollout: rollout.seconds,
      scoring: local.seconds,
      judge: judged.seconds,
      ...(custom && { custom: custom.seconds }),
    },
  };
}
