import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { StepPlace } from '../../core/place.ts';
import { JudgeError } from '../../judge/client/judge-error.ts';
import type { OutageClock } from '../../judge/client/patient-endpoint.ts';
import type { CustomAnswer, CustomGroup } from '../component.ts';
import type { AllowedRewards } from './allowed-rewards.ts';
import type { CustomKind, CustomOf } from './custom-config.ts';

/** What the owner of this worker allows rewards to use. */
export interface AllowedScope {
  allowed: AllowedRewards;
  /** The path of `allowed.yaml`, for messages. */
  allowedPath: string;
  /** The real folder that its paths start from. */
  folder: string;
  /** Where the values of headers are looked up. */
  env: NodeJS.ProcessEnv;
}

/** What a scorer may use, besides what is allowed. */
export interface ScoringScope extends AllowedScope {
  store: ArtifactStore;
  place: StepPlace;
  /** Since when no answer has come, over all attempts. */
  outage: OutageClock;
  signal?: AbortSignal | undefined;
}

/** Custom code, ready to score. */
export interface Scorer {
  /** @returns an answer for each completion, in their order. */
  answers(group: CustomGroup): Promise<readonly CustomAnswer[]>;
  close(): Promise<void>;
}

/** A kind of custom reward. */
export interface CustomKindOf<K extends CustomKind> {
  /**
   * Checks, before anything is computed, that the reward is allowed and works.
   * @returns its config section with the hash of its code.
   * @throws JudgeError `blocked` when it is not allowed, or does not work.
   */
  pin(name: string, config: CustomOf<K>, scope: AllowedScope): Promise<CustomOf<K>>;
  /** The section without what `pin` noted. */
  unpin(config: CustomOf<K>): CustomOf<K>;
  /** @throws JudgeError `blocked` when it may not be used any more, or is not what was pinned. */
  open(name: string, config: CustomOf<K>, scope: ScoringScope): Promise<Scorer>;
}

/** The reward cannot be used until a person has followed the remedy. Both are without a full stop. */
export function refusal(sentence: string, remedy: string): JudgeError {
  return new JudgeError({ kind: 'blocked', sentence, remedy });
}

/**
 * The entry of `allowed.yaml` that a reward names.
 * @param section of the file's `rewards`, and `entries` what it holds.
 * @param example an entry that the error shows.
 * @throws JudgeError `blocked` when there is no such entry: the run's input can name what is allowed, and nothing else.
 */
export function allowedEntry<T>(
  {
    section,
    entries,
    example,
  }: { section: keyof AllowedRewards; entries: Readonly<Record<string, T>>; example: string },
  name: string,
  { allowedPath }: AllowedScope,
): T {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry !== undefined) return entry;
  throw refusal(
    `reward.custom.${name} is not allowed on this worker: ${allowedPath} has no entry rewards.${section}.${name}`,
    `the worker's owner adds one there, such as rewards: { ${section}: { ${name}: ${example} } }`,
  );
}
