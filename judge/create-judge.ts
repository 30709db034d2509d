import type { JudgeConfig } from '../configs/schema.ts';
import type { JudgeSpending } from '../contracts/stages.ts';
import type { ArtifactStore } from '../core/artifact-store.ts';
import { OpenAiEndpoint } from './client/openai.ts';
import { PatientEndpoint, type Waiting, waitingFromNow } from './client/patient-endpoint.ts';
import type { Judge } from './judge.ts';
import { Ledger } from './ledger/ledger.ts';
import { LlmJudge } from './llm-judge.ts';
import type { Asker } from './questions/question.ts';
import { RuleBasedJudge } from './rule-based.ts';

/** Whose questions these are: `runs/<runKey>/step-000001`, say. What a place paid for, it finds as its own when it is done again. */
export interface Payer {
  store: ArtifactStore;
  place: string;
  /** Where the key of an endpoint is looked up. */
  env?: NodeJS.ProcessEnv | undefined;
  /** What the run had spent before this place: its budget is for all of it. */
  spent?: JudgeSpending | undefined;
  /** Since when no answer has come; without it, since now. */
  waiting?: Waiting | undefined;
}

/**
 * The judge a config asks for, with usage of its own.
 * @throws VideocapError `JudgeBlocked` when the key of an endpoint is not in the environment.
 */
export function createJudge(config: JudgeConfig, payer: Payer): Judge {
  return config.kind === 'rule-based' ? new RuleBasedJudge() : new LlmJudge(createAsker(config, payer));
}

/** The language model a config names, with its patience, behind the ledger: no answer is paid twice. */
export function createAsker(
  config: Extract<JudgeConfig, { kind: 'openai' }>,
  { store, place, env, spent, waiting }: Payer,
): Asker {
  const model = new OpenAiEndpoint(config, env ?? process.env);
  const endpoint = new PatientEndpoint(model, config.patienceSeconds, waiting ?? waitingFromNow());
  // A superseded attempt stores its answers too: they were paid for.
  return new Ledger(endpoint, store.unfenced(), place, {
    price: config.price,
    budget: config.budget,
    ...(spent && { spent }),
    leaseSeconds: 10 * config.timeoutSeconds,
    concurrency: config.concurrency,
    claims: store.claims,
  });
}
