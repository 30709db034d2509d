import type { z } from 'zod';
import type { RolloutGroupsOutput } from '../contracts/policy.ts';
import type { CompareCompletionsInput } from '../contracts/scoring.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import type { SampleRange } from '../core/batch.ts';
import type { Place } from '../core/place.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import { customComponents } from '../rewards/registry.ts';
import type { ComparedPhrases } from '../rewards/think/compared.ts';
import { writtenBy } from './policy-texts.ts';
import { judgeActivities, policyActivities } from './stages.ts';
import type { StepInput } from './step.ts';

export type Rollout = z.infer<typeof RolloutGroupsOutput>;

/** A part of a round's completions, with their scores: small numbers and references. */
export interface Part {
  rollout: Rollout;
  scores: z.infer<typeof CompareCompletionsInput>['rounds'][number][number]['scores'];
  verdicts: ArtifactRef;
  compared?: ComparedPhrases | undefined;
  /** How many captions of different samples differ, in [0, 1]; with the last part of a round, of the whole round. */
  distinctCaptions?: number | undefined;
  usage: JudgeUsage;
  seconds: { rollout: number; scoring: number; judge: number; custom?: number };
}

/** G completions of every sample of a part. @param samples those of the round's clips; absent: all of them. */
export async function samplePart(
  input: StepInput,
  place: Place,
  { clips, samples }: { clips: ArtifactRef; samples: SampleRange | undefined },
): Promise<Rollout> {
  const { config, rolloutPolicy: policy, divergence, gate } = input;
  const rollout = await writtenBy({ config, policy, divergence, gate, of: 'rollout server' }, () =>
    policyActivities(config.policy.engine).rolloutGroups({
      ...place,
      policy,
      engine: config.policy.engine,
      clips,
      ...(samples && { samples }),
      output: config.prompt.output,
      sampling: config.sampling,
      seed: config.seed,
    }),
  );
  if (rollout.computedWith) input.onIdentity('engine', [rollout.computedWith]);
  return rollout;
}

/** Scores of a part's completions. @param earlier with the last part of a round, the rollouts of its other parts. */
export async function scorePart(
  input: StepInput,
  place: Place,
  rollout: Rollout,
  earlier: readonly Rollout[],
): Promise<Part> {
  const { config, dataset, gate } = input;
  const completions = { ...place, rollout: rollout.rollout, manifest: dataset.manifest, reward: config.reward };
  const others = earlier.length > 0 && { earlier: earlier.map((other) => other.rollout) };
  const [local, judged, custom] = await Promise.all([
    judgeActivities.scoreCompletions({ ...completions, ...others }),
    input.judging.run(async () => {
      const answered = await gate.through(() =>
        judgeActivities.judgeCompletions({
          ...completions,
          judge: input.judge(),
          seed: config.seed,
          spent: input.spent(),
        }),
      );
      input.onJudged(answered.usage);
      return answered;
    }),
    customComponents(config.reward).length > 0
      ? gate.through(() => judgeActivities.scoreCustomRewards(completions))
      : undefined,
  ]);
  if (local.comparedWith) input.onIdentity('embedding', [local.comparedWith]);
  input.onIdentity('judge', judged.answeredBy ?? []);
  return {
    rollout,
    scores: { local: local.scores, judged: judged.scores, ...(custom && { custom: custom.scores }) },
    verdicts: judged.verdicts,
    compared: local.compared,
    distinctCaptions: local.distinctCaptions,
    usage: judged.usage,
    seconds: {
      rollout: rollout.seconds,
      scoring: local.seconds,
      judge: judged.seconds,
      ...(custom && { custom: custom.seconds }),
    },
  };
}
