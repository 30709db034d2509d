import { VideocapError } from '../core/errors.ts';
import { pinCustomRewards } from '../rewards/custom/custom-kinds.ts';
import type { RewardConfig } from '../rewards/registry.ts';
import { SentenceEmbedding } from '../rewards/think/sentence-embedding.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { allowedScope } from './custom-rewards.ts';

/**
 * The reward of a new run: checks that every custom reward is allowed and works, and that an embedding model of the
 * config works, and notes the hashes of their files.
 * @throws VideocapError `InvalidConfig`, `InvalidModel`.
 */
export async function pinnedReward(
  deps: Pick<ActivityDeps, 'home' | 'env' | 'signal'>,
  reward: RewardConfig,
): Promise<RewardConfig> {
  const pinned = reward.custom ? await pinCustomRewards(reward, await allowedScope(deps)) : reward;
  const { embeddingModel } = reward;
  if (!embeddingModel) return pinned;
  const model = new SentenceEmbedding(embeddingModel);
  try {
    const sha256 = await model.identify(deps.signal?.());
    if (embeddingModel.sha256 !== undefined && embeddingModel.sha256 !== sha256)
      throw new VideocapError(
        'InvalidConfig',
        `The files of reward.embeddingModel.folder, ${embeddingModel.folder}, have the hash ${sha256}, and the ` +
          `config insists on ${embeddingModel.sha256}; restore them, or leave sha256 out.`,
      );
    return { ...pinned, embeddingModel: { ...embeddingModel, sha256 } };
  } finally {
    await model.close();
  }
}
