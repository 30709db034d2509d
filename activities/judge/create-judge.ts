import type { JudgeConfig } from '../../configs/schema.ts';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import type { Judge } from './judge.ts';
import { Ledger } from './ledger.ts';
import { LlmJudge } from './llm-judge.ts';
import { OpenAiEndpoint } from './openai.ts';
import type { Asker } from './question.ts';
import { RuleBasedJudge } from './rule-based.ts';

/** Whose questions these are: `runs/<runKey>/step-000001`, say. What a place paid for, it finds as its own when it is done again. */
export interface Payer {
  store: ArtifactStore;
  place: string;
  /** Where the key of an endpoint is looked up. */
  env?: NodeJS.ProcessEnv | undefined;
}

/**
 * The judge a config asks for, with a meter of its own.
 * @throws VideocapError `InvalidConfig` when the key of an endpoint is not in the environment.
 */
export function createJudge(config: JudgeConfig, payer: Payer): Judge {
  return config.kind === 'rule-based' ? new RuleBasedJudge() : new LlmJudge(createAsker(config, payer));
}

/** The language model a config names, behind the ledger: no answer is paid twice. */
export function createAsker(config: Extract<JudgeConfig, { kind: 'openai' }>, { store, place, env }: Payer): Asker {
  return new Ledger(new OpenAiEndpoint(config, env ?? process.env), store, place);
}
