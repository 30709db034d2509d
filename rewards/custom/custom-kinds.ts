import { VideocapError } from '../../core/errors.ts';
import type { Score } from '../../core/score.ts';
import { faultText, JudgeError } from '../../judge/client/judge-error.ts';
import type { CustomGroup } from '../component.ts';
import { customComponents, type RewardConfig } from '../registry.ts';
import type { CustomKind, CustomReward } from './custom-config.ts';
import { httpReward } from './http/http-reward.ts';
import { moduleReward } from './module/module-reward.ts';
import type { AllowedScope, CustomKindOf, Scorer, ScoringScope } from './scorer.ts';

/** Every kind of custom reward. A kind of the config that is missing here does not compile. */
const CUSTOM_KINDS: { readonly [K in CustomKind]: CustomKindOf<K> } = { module: moduleReward, http: httpReward };

/**
 * Checks every custom reward before a run begins, and notes the hash of its code in the config.
 * @throws VideocapError `InvalidConfig`, with a sentence for each that may not be used or does not work.
 */
export async function pinCustomRewards(reward: RewardConfig, scope: AllowedScope): Promise<RewardConfig> {
  const faults: string[] = [];
  const custom: Record<string, CustomReward> = {};
  for (const [name, config] of Object.entries(reward.custom ?? {})) {
    try {
      custom[name] = await kindOf(config).pin(name, config, scope);
    } catch (error) {
      if (!(error instanceof JudgeError)) throw error;
      faults.push(`${faultText(error.fault)}.`);
    }
  }
  if (faults.length > 0) throw new VideocapError('InvalidConfig', faults.join('\n'));
  return reward.custom ? { ...reward, custom } : reward;
}

/** The rewards without their code hashes: another run uses the code as it is then. */
export function unpinCustomRewards(reward: RewardConfig): RewardConfig {
  const custom = Object.entries(reward.custom ?? {}).map(([name, config]) => [name, kindOf(config).unpin(config)]);
  return reward.custom ? { ...reward, custom: Object.fromEntries(custom) } : reward;
}

/** A custom reward that is ready to score. */
export interface OpenReward {
  name: string;
  score(group: CustomGroup): Promise<Score[]>;
}

/**
 * Opens every custom reward, lets `use` score with them, and closes them.
 * @throws JudgeError `blocked` when one may not be used, or is not the code that the run began with.
 */
export async function withCustomRewards<T>(
  reward: RewardConfig,
  scope: ScoringScope,
  use: (rewards: readonly OpenReward[]) => Promise<T>,
): Promise<T> {
  const scorers: Scorer[] = [];
  try {
    const open: OpenReward[] = [];
    for (const { name, score } of customComponents(reward)) {
      const config = reward.custom![name]!;
      const scorer = await kindOf(config).open(name, config, scope);
      scorers.push(scorer);
      open.push({ name, score: (group) => score(group, { answers: (asked) => scorer.answers(asked) }) });
    }
    return await use(open);
  } finally {
    await Promise.all(scorers.map((scorer) => scorer.close()));
  }
}

/** The kind of a config section, typed as if it took every kind's: it is given only its own. */
function kindOf(config: CustomReward): CustomKindOf<CustomKind> {
  return CUSTOM_KINDS[config.kind] as unknown as CustomKindOf<CustomKind>;
}
