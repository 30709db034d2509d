import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { EntailmentOutcome, ExtractionOutcome, PaidJudge, QuestionKind } from '../../../activities/judge/judge.ts';
import { LedgerEntry, LedgeredJudge, ledgerKey } from '../../../activities/judge/ledger.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-ledger-'));
  store = new ArtifactStore(root);
});
afterEach(() => rm(root, { recursive: true }));

/** A judge that answers when it is told to. */
class PatientJudge implements PaidJudge {
  readonly name = 'patient';
  readonly isLlm = true;
  readonly meter = { calls: 0, cacheHits: 0 };
  readonly asked: { settle(outcome: EntailmentOutcome): void; fail(error: Error): void }[] = [];
  #changed = () => {};

  entail(): Promise<EntailmentOutcome> {
    this.meter.calls++;
    return new Promise((settle, fail) => {
      this.asked.push({ settle, fail });
      this.#changed();
    });
  }
  async extractEvents(): Promise<ExtractionOutcome> {
    return { events: ['a dog runs'] };
  }
  checkReference(): void {}
  identity(kind: QuestionKind) {
    return { model: 'patient', prompt: kind };
  }
  /** Resolves once `count` questions have arrived. */
  async arrived(count: number): Promise<void> {
    while (this.asked.length < count) await new Promise<void>((resolve) => (this.#changed = resolve));
  }
}

const told: EntailmentOutcome = { verdicts: ['entailment'] };

test('an answer is in the store before it is used, with its question', async () => {
  const judge = new PatientJudge();
  const asking = new LedgeredJudge(judge, store).entail('A dog.', ['a dog runs']);
  await judge.arrived(1);
  judge.asked[0]!.settle(told);
  expect(await asking).toEqual(told);
  const key = ledgerKey('entail', { model: 'patient', prompt: 'entail' }, { text: 'A dog.', events: ['a dog runs'] });
  expect(key).toMatch(/^ledger\/[0-9a-f]{64}\.json$/);
  expect(await store.readJson((await store.find(key))!, LedgerEntry)).toEqual({
    kind: 'entail',
    judge: { model: 'patient', prompt: 'entail' },
    question: { text: 'A dog.', events: ['a dog runs'] },
    outcome: told,
  });
});

test('identical questions in flight are one, also from two judges of one process', async () => {
  const judge = new PatientJudge();
  const [one, two] = [new LedgeredJudge(judge, store), new LedgeredJudge(judge, store)];
  const asking = [one.entail('A dog.', ['x']), two.entail('A dog.', ['x']), one.entail('A dog.', ['x'])];
  await judge.arrived(1);
  judge.asked[0]!.settle(told);
  expect(await Promise.all(asking)).toEqual([told, told, told]);
  expect(judge.asked).toHaveLength(1);
  expect([one.meter.cacheHits, two.meter.cacheHits]).toEqual([1, 1]);
});

test('who waits for another asker that fails asks again for itself', async () => {
  const judge = new PatientJudge();
  const ledgered = new LedgeredJudge(judge, store);
  const first = ledgered.entail('A dog.', ['x']);
  const second = ledgered.entail('A dog.', ['x']);
  await judge.arrived(1);
  judge.asked[0]!.fail(new DOMException('cancelled', 'AbortError'));
  await expect(first).rejects.toThrow('cancelled');
  await judge.arrived(2);
  judge.asked[1]!.settle(told);
  expect(await second).toEqual(told);
});

test('when another process answered first, its answer counts', async () => {
  const judge = new PatientJudge();
  const elsewhere = new PatientJudge();
  const here = new LedgeredJudge(judge, store).entail('A dog.', ['x']);
  const there = new LedgeredJudge(elsewhere, new ArtifactStore(root)).entail('A dog.', ['x']);
  await Promise.all([judge.arrived(1), elsewhere.arrived(1)]);
  elsewhere.asked[0]!.settle(told);
  await there;
  judge.asked[0]!.settle({ verdicts: ['neutral'] });
  expect(await here).toEqual(told);
});

test('a refusal is kept, what is pending is not', async () => {
  const judge = new PatientJudge();
  const ledgered = new LedgeredJudge(judge, store);
  const refused = { unscorable: true, reason: 'refused' } as const;
  for (const [i, outcome] of ([{ pending: true }, refused] as const).entries()) {
    const asking = ledgered.entail('A dog.', ['x']);
    await judge.arrived(i + 1);
    judge.asked[i]!.settle(outcome);
    expect(await asking).toEqual(outcome);
  }
  expect(await ledgered.entail('A dog.', ['x'])).toEqual(refused);
  expect(judge.meter.calls).toBe(2);
});

test('questions differ by judge, kind, text, events and their order', () => {
  const keys = [
    ledgerKey('entail', { model: 'a' }, { text: 't', events: ['x', 'y'] }),
    ledgerKey('entail', { model: 'b' }, { text: 't', events: ['x', 'y'] }),
    ledgerKey('entail', { model: 'a' }, { text: 'u', events: ['x', 'y'] }),
    ledgerKey('entail', { model: 'a' }, { text: 't', events: ['y', 'x'] }),
    ledgerKey('extract', { model: 'a' }, { text: 't' }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(ledgerKey('extract', { a: 1, b: 2 }, { text: 't' })).toBe(ledgerKey('extract', { b: 2, a: 1 }, { text: 't' }));
});
