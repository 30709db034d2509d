import pLimit from 'p-limit';
import type { ArtifactStore } from '../../core/artifact-store.ts';
import { keyOf, parseKey } from '../../core/store-layout.ts';
import type { ChatApi } from '../client/chat-api.ts';
import type { LlmClient } from '../client/llm-client.ts';
import type { Judge } from '../judge.ts';
import type { LlmJudgeConfig } from '../judge-config.ts';
import { LlmJudge } from '../llm-judge.ts';
import { providerOf } from '../providers/registry.ts';
import type { Outcome, Question } from '../questions/question.ts';
import { NO_USAGE } from '../usage.ts';
import { FiledAnswers } from './filed-answers.ts';
import { outcomeOf } from './ledger.ts';
import { type LedgerEntry, ledgerKey } from './ledger-entry.ts';
import { notedVersion } from './pinned-judge.ts';

/** A question that a run has used the answer of. */
export interface AnsweredQuestion {
  /** The hash that it is filed under in the ledger. */
  key: string;
  entry: LedgerEntry;
}

/**
 * The questions behind a verdict, in the order in which they are asked: `verdict` is given a judge that finds every
 * answer where the run has left it, and asks nothing. What is not there is unscorable.
 */
export async function answeredQuestions(
  { store, runKey, config }: { store: ArtifactStore; runKey: string; config: LlmJudgeConfig },
  verdict: (judge: Judge) => Promise<unknown>,
): Promise<AnsweredQuestion[]> {
  const reader = new LedgerReader(store, runKey, config);
  await verdict(new LlmJudge(reader));
  return [...reader.found].map(([key, entry]) => ({ key, entry }));
}

/** The ledger as a run has left it. */
class LedgerReader implements LlmClient {
  readonly name: string;
  readonly usage = NO_USAGE;
  readonly answeredBy = [];
  readonly found = new Map<string, LedgerEntry>();
  readonly #api: ChatApi;
  readonly #store: ArtifactStore;
  readonly #runKey: string;
  readonly #filed: FiledAnswers;
  /** One at a time: questions that are asked at once would be found in another order each time. */
  readonly #one = pLimit(1);

  constructor(store: ArtifactStore, runKey: string, config: LlmJudgeConfig) {
    // It sends nothing, so it needs no secret; a variable without a value would be refused.
    const variables = [config.apiKeyEnv, ...('headers' in config ? Object.values(config.headers) : [])];
    this.#api = providerOf(config).createApi(config, Object.fromEntries(variables.map((name) => [name, 'not-sent'])));
    this.name = this.#api.model;
    this.#store = store;
    this.#runKey = runKey;
    this.#filed = new FiledAnswers(store, keyOf('dataset', { runKey }), new Map());
  }

  ask<T>(question: Question<T>): Promise<Outcome<T>> {
    return this.#one(() => this.#find(question));
  }

  async #find<T>(question: Question<T>): Promise<Outcome<T>> {
    const identity = this.#api.identity(question.prompt, question.showing);
    const judgeVersion = await notedVersion(this.#store.storage, this.#runKey, identity);
    const asked = { ...identity, ...(judgeVersion !== undefined && { judgeVersion }) };
    for (let replaced: string | undefined; ; ) {
      const key = ledgerKey(asked, question, replaced);
      const entry = await this.#filed.find(key);
      if (!entry) return { unscorable: true, reason: 'The ledger has no answer to this question.' };
      const outcome = entry === 'unreadable' ? undefined : outcomeOf(entry, question);
      if (outcome && entry !== 'unreadable') {
        const parsed = parseKey(key);
        if (parsed?.kind === 'ledgerEntry') this.found.set(parsed.parts.hash, entry);
        return outcome;
      }
      replaced = key;
    }
  }
}
