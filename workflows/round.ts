import { partsOf } from '../algorithms/samples-per-part.ts';
import type { ArtifactRef } from '../core/artifact-ref.ts';
import { roundSize } from '../core/batch.ts';
import { type Part, type Rollout, samplePart, scorePart } from './part.ts';
import type { StepInput } from './step.ts';
import { clipsOf } from './step-clips.ts';

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

/**
 * G completions of every sample of a round, with their scores. One part after the other is sampled, and beside that one
 * after the other is scored: while a part is with the judge, the engine samples the next.
 */
export async function sampleRound(input: StepInput, round: number): Promise<Round> {
  input.onStage('frames');
  const started = Date.now();
  const clips = await clipsOf(input, round);
  const seconds = (Date.now() - started) / 1000;
  const { algorithm } = input.config;
  const ranges = partsOf(roundSize(input.dataset.train, { round, size: algorithm.samplesPerStep }), algorithm);
  const shown = new ShownParts(input, ranges.length);
  const rollouts: Promise<Rollout>[] = [];
  const scored: Promise<Part>[] = [];
  for (const [part, range] of ranges.entries()) {
    const place = { ...input.place, round, part };
    const which = { clips, samples: ranges.length > 1 ? range : undefined };
    const rollout = input.engine.run(() => samplePart(input, place, which), place.step);
    const earlier = part === ranges.length - 1 ? [...rollouts] : [];
    const turn = scored.at(-1) ?? input.turn;
    rollouts.push(rollout);
    scored.push(
      (async () => {
        const sampled = await rollout;
        shown.sampled();
        await turn;
        const made = await scorePart(input, place, sampled, await Promise.all(earlier));
        shown.scored();
        return made;
      })(),
    );
  }
  const parts = await Promise.all(scored); // throws what fails first, of the rollouts too
  return { clips, parts, distinctCaptions: parts.at(-1)?.distinctCaptions, seconds };
}

/** Shows the part that is sampled, or, once all are, the one that is scored. */
class ShownParts {
  readonly #input: StepInput;
  readonly #of: number;
  #sampled = 0;
  #scored = 0;

  constructor(input: StepInput, of: number) {
    this.#input = input;
    this.#of = of;
    this.#show();
  }

  sampled(): void {
    this.#sampled += 1;
    this.#show();
  }

  scored(): void {
    this.#scored += 1;
    this.#show();
  }

  #show(): void {
    const [stage, done] = this.#sampled < this.#of ? ['rollout', this.#sampled] : ['scoring', this.#scored];
    if (done < this.#of) this.#input.onStage(stage, this.#of > 1 ? { number: done + 1, of: this.#of } : undefined);
  }
}
