import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { listAll } from '../../../../core/storage.ts';
import { ASKING } from '../../../../core/store-layout.ts';
import type { AskObserver, Exchange, LlmEndpoint, PaidRequest } from '../../../../judge/client/llm-client.ts';
import { Ledger, type LedgerOptions } from '../../../../judge/ledger/ledger.ts';
import { ledgerKey } from '../../../../judge/ledger/ledger-entry.ts';
import { eventEntailment } from '../../../../judge/questions/event-entailment.ts';
import type { Question } from '../../../../judge/questions/question.ts';
import type { Verdict } from '../../../../judge/verdict.ts';

/** A ledger in a store of its own for every test of a file. */
export function temporaryLedger() {
  const place = {
    root: '',
    store: undefined as unknown as ArtifactStore,
    ledger: (endpoint: LlmEndpoint, options: LedgerOptions & { place?: string; at?: ArtifactStore } = {}) =>
      new Ledger(endpoint, options.at ?? place.store, options.place ?? 'runs/r/step-000001', options),
    /** Intents, without their prefix, in order. */
    async asking() {
      const keys: string[] = [];
      for await (const { key } of listAll(place.store.storage, ASKING)) keys.push(key.slice(ASKING.length));
      return keys.sort();
    },
  };
  beforeEach(async () => {
    place.root = await mkdtemp(join(tmpdir(), 'videocap-ledger-'));
    place.store = new ArtifactStore(place.root);
  });
  afterEach(() => rm(place.root, { recursive: true }));
  return place;
}

export type Said = Exchange<never>['outcome'] | { text: string };

/** An endpoint whose answers the test gives by hand. */
export class ManualEndpoint implements LlmEndpoint {
  readonly name = 'patient';
  readonly asked: { settle(said: Said): void; fail(error: Error): void; watch: AskObserver | undefined }[] = [];
  /** What a question waits for between its turn and its request: a rate limit. */
  limit = async () => {};
  #changed = () => {};

  identity({ prompt }: Question<unknown>) {
    return { model: 'patient', prompt: prompt.name };
  }
  async ask<T>(question: Question<T>, _signal?: AbortSignal, watch?: AskObserver): Promise<Exchange<T>> {
    await watch?.sending();
    await this.limit();
    await watch?.requesting();
    const said = await new Promise<Said>((settle, fail) => {
      this.asked.push({ settle, fail, watch });
      this.#changed();
    });
    if (!('text' in said)) return { outcome: said, attempts: [] };
    const reading = question.read(said.text);
    if ('fault' in reading) throw new Error(reading.fault);
    return { outcome: reading, attempts: [attempt(said.text)] };
  }
  /** Resolves once `count` questions have arrived. */
  async arrived(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((resolve) => (this.#changed = resolve));
  }
}

export const attempt = (text: string): PaidRequest => ({
  text,
  finishReason: 'stop',
  inputTokens: 100,
  outputTokens: 10,
  seconds: 2,
});
export const said = (relationship: Verdict = 'entailment'): Said => ({
  text: JSON.stringify({ verdicts: [{ index: 1, relationship }] }),
});
export const question = (caption = 'A dog.') => eventEntailment(caption, ['a dog runs']);
export const keyOf = (caption?: string) =>
  ledgerKey(new ManualEndpoint().identity(question(caption)), question(caption));
