import { samplesAhead } from '../algorithms/rollout-lag.ts';
import type { ClipsAhead } from '../contracts/run-state.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { mediaActivities } from './stages.ts';
import type { StepInput } from './step.ts';

/** The clips of one of the step's rounds: those that were decoded ahead, if they are of this step. */
export async function clipsOf(input: StepInput, round = 0): Promise<ArtifactRef> {
  const { place, clipsAhead } = input;
  if (round === 0 && clipsAhead?.step === place.step) return clipsAhead.clips;
  return extract(input, place.step, round);
}

/** Decodes, while the engine updates, the clips of the step that is sampled next. */
export async function decodeAhead(input: StepInput): Promise<ClipsAhead | undefined> {
  const sampled = input.place.step + (samplesAhead(input.config.algorithm) ? 1 : 0);
  if (input.isLast(sampled)) return undefined;
  const step = sampled + 1;
  return { step, clips: await extract(input, step, 0) };
}

async function extract({ config, dataset, onIdentity }: StepInput, step: number, round: number): Promise<ArtifactRef> {
  const { clips, decodedWith } = await mediaActivities.extractFrames({
    manifest: dataset.manifest,
    samples: { seed: config.seed, step, round, size: config.algorithm.samplesPerStep },
    frames: config.frames,
    prompt: config.prompt,
  });
  if (decodedWith) onIdentity('frames', [decodedWith]);
  return clips;
}
