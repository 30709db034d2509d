import type { z } from 'zod';
import { partsOf } from '../algorithms/samples-per-part.ts';
import type { RolloutGroupsOutput } from '../contracts/policy.ts';
import type { CompareCompletionsInput } from '../contracts/scoring.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { roundSize, type SampleRange } from '../core/batch.ts';
import type { Place } from '../core/place.ts';
import type { JudgeUsage } from '../judge/usage.ts';
import { customComponents } from '../rewards/registry.ts';
import type { ComparedPhrases } from '../rewards/think/compared.ts';
import { writtenBy } from './policy-texts.ts';
import { judgeActivities, policyActivities } from './stages.ts';
import type { StepInput } from './step.ts';
import { clipsOf } from './step-clips.ts';

type Rollout = z.infer<typeof RolloutGroupsOutput>;

/** One round of completions of a step, with their scores. */
export interface Round {
  clips: ArtifactRef;
  /** In the order of its samples. */
  parts: Part[];
  /** How many captions of different samples differ, in [0, 1]. */
  distinctCaptions?: number | undefined;
  /** For the clips. */
  seconds: number;
}

/** A part of a round's completions, with their scores: small numbers and references. */
export interface Part {
  rollout: Rollout;
  scores: z.infer<typeof CompareCompletionsInput>['rounds'][number][number]['scores'];
  verdicts: ArtifactRef;
  compared?: ComparedPhrases | undefined;
  /** Of its own captions; of the last part: of the whole round. */
  distinctCaptions?: number | undefined;
  usage: JudgeUsage;
  seconds: { rollout: number; scoring: number; judge: number; custom?: number };
}

/**
 * G completions of every sample of a round, with their scores. A part of them is scored while the next is sampled. One
 * part is scored at a time, since the judge's budget is spent by one at a time.
 */
export async function sampleRound(input: StepInput, round: number): Promise<Round> {
  const { algorithm } = input.config;
  input.onStage('frames');
  const started = Date.now();
  const clips = await clipsOf(input, round);
  const seconds = (Date.now() - started) / 1000;
  const ranges = partsOf(roundSize(input.dataset.train, { round, size: algorithm.samplesPerStep }), algorithm);
  const done = { sampled: 0, scored: 0 };
  const show = () => showPart(input, done, ranges.length);
  show();
  const rollouts: Promise<Rollout>[] = [];
  const parts: Promise<Part>[] = [];
  for (const [part, samples] of ranges.entries()) {
    const place = { ...input.place, round, part };
    const [before, turn] = [rollouts.at(-1), parts.at(-1) ?? input.turn];
    const rollout = (async () => {
      await before;
      const sampled = await sample(input, place, { clips, ...(ranges.length > 1 && { samples }) });
      done.sampled += 1;
      show();
      return sampled;
    })();
    const scored = (async () => {
      const sampled = await rollout;
      if (turn) await turn;
      const isLast = part === ranges.length - 1;
      const earlier = isLast ? await Promise.all(rollouts.slice(0, part)) : [];
      const scored = await score(input, place, sampled, earlier);
      done.scored += 1;
      show();
      return scored;
    })();
    rollouts.push(rollout);
    parts.push(scored);
  }
  await Promise.all([...rollouts, ...parts]); // throws what fails first
  const inOrder = await Promise.all(parts);
  return { clips, parts: inOrder, distinctCaptions: inOrder.at(-1)?.distinctCaptions, seconds };
}

/** Shows the part that is sampled, or, once all are, the one that is scored. */
function showPart({ onStage }: StepInput, { sampled, scored }: { sampled: number; scored: number }, of: number): void {
  const [stage, before] = sampled < of ? ['rollout', sampled] : ['scoring', scored];
  if (before < of) onStage(stage, of > 1 ? { number: before + 1, of } : undefined);
}

async function sample(
  input: StepInput,
  place: Place,
  which: { clips: ArtifactRef; samples?: SampleRange },
): Promise<Rollout> {
  const { config, rolloutPolicy: policy, divergence, gate } = input;
  const rollout = await writtenBy({ config, policy, divergence, gate, of: 'rollout server' }, () =>
    policyActivities(config.policy.engine).rolloutGroups({
      ...place,
      policy,
      engine: config.policy.engine,
      ...which,
      output: config.prompt.output,
      sampling: config.sampling,
      seed: config.seed,
    }),
  );
  if (rollout.computedWith) input.onIdentity('engine', [rollout.computedWith]);
  return rollout;
}

/** @param earlier with the last part of a round, its other parts. */
async function score(input: StepInput, place: Place, rollout: Rollout, earlier: readonly Rollout[]): Promise<Part> {
  const { config, dataset, gate } = input;
  const completions = { ...place, rollout: rollout.rollout, manifest: dataset.manifest, reward: config.reward };
  const others = earlier.length > 0 && { earlier: earlier.map((other) => other.rollout) };
  const [local, judged, custom] = await Promise.all([
    judgeActivities.scoreCompletions({ ...completions, ...others }),
    input.inTurn(async () => {
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
