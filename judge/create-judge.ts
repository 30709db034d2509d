import type { ArtifactStore } from '../core/artifact-store.ts';
import { type KeyRules, requireAllowedKeys, USUAL_KEYS } from './client/allowed-keys.ts';
import type { ChatApi } from './client/chat-api.ts';
import { ChatEndpoint } from './client/chat-endpoint.ts';
import { clockOf, type ModelSection, named, ofSection } from './client/config-section.ts';
import type { LlmClient } from './client/llm-client.ts';
import { type OutageClock, PatientEndpoint, startOutageClock } from './client/patient-endpoint.ts';
import type { Judge } from './judge.ts';
import { hasJudge, isLlm, type JudgeConfig, type LlmJudgeConfig } from './judge-config.ts';
import { Ledger } from './ledger/ledger.ts';
import { LlmJudge } from './llm-judge.ts';
import { NoJudge } from './no-judge.ts';
import { CAPTION, exampleQuestion } from './providers/example.ts';
import { providerOf } from './providers/registry.ts';
import { RuleBasedJudge } from './rule-based/rule-based-judge.ts';
import type { JudgeSpending } from './usage.ts';

/** The part of a run whose budget pays for questions, and where their answers are kept. */
export interface BudgetScope {
  store: ArtifactStore;
  /**
   * `runs/<runKey>/step-000001`, for example: on a retry, answers paid for under the same place are reused and counted
   * as this place's.
   */
  place: string;
  /** Where the key of an endpoint is looked up. */
  env?: NodeJS.ProcessEnv | undefined;
  /** Which keys may be sent where; without it, what needs no permission. */
  keyRules?: KeyRules | undefined;
  /** What the run had spent before this place: its budget is for all of it. */
  spent?: JudgeSpending | undefined;
  /** Where the config has this model, for faults that name its fields; default `judge`. */
  section?: ModelSection | undefined;
  /** Since when no answer has come; without it, since now. */
  outage?: OutageClock | undefined;
}

/**
 * The judge a config asks for, with usage of its own.
 * @throws JudgeError `JudgeBlocked` when the key of an endpoint is not in the environment, or may not be sent there.
 */
export function createJudge(config: JudgeConfig, scope: BudgetScope): Judge {
  if (isLlm(config)) return new LlmJudge(createLlmClient(config, scope));
  return hasJudge(config) ? new RuleBasedJudge() : new NoJudge();
}

/** The language model a config names, with its patience, behind the ledger: no answer is paid twice. */
export function createLlmClient(config: LlmJudgeConfig, scope: BudgetScope): LlmClient {
  return ofSection(scope.section ?? 'judge', createLedger(config, scope));
}

/**
 * The version of the judge whose answers a run looks for, as `PinnedJudge` keeps it. Asks the judge nothing.
 * @throws JudgeError `JudgeBlocked` as `createJudge` does.
 */
export async function judgeVersion(config: JudgeConfig, scope: BudgetScope): Promise<string | undefined> {
  return isLlm(config) ? createLedger(config, scope).version(exampleQuestion(CAPTION)) : undefined;
}

function createLedger(config: LlmJudgeConfig, scope: BudgetScope): Ledger {
  const { store, place, spent, outage, section = 'judge' } = scope;
  const model = new ChatEndpoint(createApi(config, scope, section), config);
  const clock = clockOf(section, outage ?? startOutageClock());
  const endpoint = new PatientEndpoint(model, config.patienceSeconds, clock);
  // A superseded attempt may still store an answer, since it is paid for.
  return new Ledger(endpoint, store.unfenced(), place, {
    price: config.price,
    budget: config.budget,
    ...(spent && { spent }),
    leaseSeconds: 10 * config.timeoutSeconds,
    concurrency: config.concurrency,
    claims: store.claims,
  });
}

function createApi(
  config: LlmJudgeConfig,
  { env = process.env, keyRules = USUAL_KEYS }: BudgetScope,
  section: ModelSection,
): ChatApi {
  try {
    requireAllowedKeys(config, keyRules);
    return providerOf(config).createApi(config, env);
  } catch (error) {
    throw named(section, error);
  }
}
