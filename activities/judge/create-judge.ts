import type { JudgeConfig } from '../../configs/schema.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Judge } from './judge.ts';
import { LedgeredJudge } from './ledger.ts';
import { OpenAiJudge } from './openai.ts';
import { RuleBasedJudge } from './rule-based.ts';

/**
 * The judge a config asks for, with a meter of its own. Answers that cost something go through the ledger.
 * @throws VideocapError `InvalidConfig` when the key of an endpoint is not in the environment.
 */
export function createJudge(config: JudgeConfig, store: ArtifactStore, env: NodeJS.ProcessEnv = process.env): Judge {
  return config.kind === 'rule-based' ? new RuleBasedJudge() : new LedgeredJudge(new OpenAiJudge(config, env), store);
}
