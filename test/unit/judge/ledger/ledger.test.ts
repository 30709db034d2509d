import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { LedgerEntry, ledgerKey } from '../../../../judge/ledger/ledger-entry.ts';
import { eventEntailment } from '../../../../judge/questions/event-entailment.ts';
import { eventExtraction } from '../../../../judge/questions/event-extraction.ts';
import { WatchedStorage } from '../../../storage/watched-storage.ts';
import { attempt, keyOf, ManualEndpoint, question, said, temporaryLedger } from './temporary-ledger.ts';

const place = temporaryLedger();
const { ledger, asking } = place;

test('an answer is in the store before it is used, with its question and who paid', async () => {
  const endpoint = new ManualEndpoint();
  const asked = ledger(endpoint).ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  expect(await asked).toEqual({ answer: ['entailment'] });
  expect(keyOf()).toMatch(/^ledger\/[0-9a-f]{64}\.json$/);
  expect(await place.store.readJson((await place.store.find(keyOf()))!, LedgerEntry)).toEqual({
    prompt: 'event-entailment.v1',
    asked: { model: 'patient', prompt: 'event-entailment.v1' },
    question: { description: 'A dog.', events: [{ index: 1, event: 'a dog runs' }] },
    attempts: [attempt('{"verdicts":[{"index":1,"relationship":"entailment"}]}')],
    outcome: { answered: true },
    paidBy: 'runs/r/step-000001',
    repeated: 0,
    cost: 0,
  });
});

test('an answer that could not be stored when it came is not asked for again', async () => {
  const endpoint = new ManualEndpoint();
  const full = new WatchedStorage(place.store.storage, {
    before({ method }) {
      if (method === 'putContent') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    },
  });
  const first = ledger(endpoint, { at: new ArtifactStore(full) }).ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  await expect(first).rejects.toThrow('ENOSPC');
  const later = ledger(endpoint);
  expect(await later.ask(question())).toEqual({ answer: ['entailment'] });
  expect(endpoint.asked).toHaveLength(1);
  expect(later.usage).toMatchObject({ calls: 1, inputTokens: 100, repeated: 0 });
  expect(await asking()).toEqual([]);
});

test('a question keeps its turn until its answer is stored: no more are in flight than may be', async () => {
  const endpoint = new ManualEndpoint();
  let store: () => void = () => {};
  const stored = new Promise<void>((resolve) => (store = resolve));
  const slow = new WatchedStorage(place.store.storage, {
    before: ({ method }) => (method === 'putContent' ? stored : undefined),
  });
  const asker = ledger(endpoint, { at: new ArtifactStore(slow), concurrency: 1 });
  const first = asker.ask(question('A dog.'));
  const second = asker.ask(question('A cat.'));
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  await new Promise((resolve) => setImmediate(resolve));
  expect(endpoint.asked).toHaveLength(1);
  store();
  // Each first looks into the store, so either may be the one that is asked first.
  await Promise.race([first, second]);
  await endpoint.arrived(2);
  endpoint.asked[1]!.settle(said());
  await Promise.all([first, second]);
});

test('identical questions in flight are one, also from two ledgers of one process', async () => {
  const endpoint = new ManualEndpoint();
  const one = ledger(endpoint, { place: 'runs/r/step-000001' });
  const two = ledger(endpoint, { place: 'runs/other/step-000001', at: new ArtifactStore(place.root) });
  const asked = [one.ask(question()), two.ask(question()), one.ask(question())];
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  const told = { answer: ['entailment'] };
  expect(await Promise.all(asked)).toEqual([told, told, told]);
  expect(endpoint.asked).toHaveLength(1);
  // Each client first looks into the store, so either may be the one that asks.
  expect(one.usage.calls + two.usage.calls).toBe(1);
  expect(one.usage.cacheHits + two.usage.cacheHits).toBe(2);
});

test('who waits for another client that fails asks again for itself', async () => {
  const endpoint = new ManualEndpoint();
  const client = ledger(endpoint);
  const first = client.ask(question());
  const second = client.ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.fail(new DOMException('cancelled', 'AbortError'));
  await expect(first).rejects.toThrow('cancelled');
  await endpoint.arrived(2);
  endpoint.asked[1]!.settle(said());
  expect(await second).toEqual({ answer: ['entailment'] });
});

test('when another process answered first, its answer counts', async () => {
  const endpoint = new ManualEndpoint();
  const here = ledger(endpoint).ask(question());
  await endpoint.arrived(1);
  await place.store.putJson(keyOf(), {
    prompt: 'event-entailment.v1',
    asked: endpoint.identity(question()),
    question: question().data,
    attempts: [attempt('{"verdicts":[{"index":1,"relationship":"entailment"}]}')],
    outcome: { answered: true },
    paidBy: 'elsewhere',
    cost: 0,
    repeated: 0,
  });
  endpoint.asked[0]!.settle(said('neutral'));
  expect(await here).toEqual({ answer: ['entailment'] });
});

test('a refusal is kept, and not asked about again', async () => {
  const endpoint = new ManualEndpoint();
  const refused = { unscorable: true, reason: 'refused' } as const;
  const client = ledger(endpoint);
  const asked = client.ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(refused);
  expect(await asked).toEqual(refused);
  expect(await ledger(endpoint).ask(question())).toEqual(refused);
  expect(client.usage).toMatchObject({ calls: 1, cacheHits: 0 });
  expect(endpoint.asked).toHaveLength(1);
});

test('questions differ by judge, prompt, text, events and their order', () => {
  const data = (text: string, events: string[]) => eventEntailment(text, events);
  const keys = [
    ledgerKey({ model: 'a' }, data('t', ['x', 'y'])),
    ledgerKey({ model: 'b' }, data('t', ['x', 'y'])),
    ledgerKey({ model: 'a', prompt: 'q' }, data('t', ['x', 'y'])),
    ledgerKey({ model: 'a' }, data('u', ['x', 'y'])),
    ledgerKey({ model: 'a' }, data('t', ['y', 'x'])),
    ledgerKey({ model: 'a' }, eventExtraction('t')),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(ledgerKey({ a: 1, b: 2 }, data('t', []))).toBe(ledgerKey({ b: 2, a: 1 }, data('t', [])));
});

describe('an answer in the ledger that cannot be read', () => {
  const entry = (text: string, more: object = {}): LedgerEntry => ({
    prompt: 'event-entailment.v1',
    asked: new ManualEndpoint().identity(question()),
    question: question().data,
    attempts: [attempt(text)],
    outcome: { answered: true },
    paidBy: 'runs/earlier/step-000001',
    repeated: 0,
    cost: 0,
    ...more,
  });
  const answered = async (endpoint: ManualEndpoint, options: Parameters<typeof ledger>[1] = {}) => {
    const client = ledger(endpoint, options);
    const asked = client.ask(question());
    void endpoint.arrived(1).then(() => endpoint.asked[0]!.settle(said()));
    expect(await asked).toEqual({ answer: ['entailment'] });
    return client.usage;
  };

  test.each([
    ['kept when answers were read less strictly', () => place.store.putJson(keyOf(), entry('{"verdicts":[]}'))],
    ['written by another version', () => place.store.putJson(keyOf(), { ...entry('{}'), reader: 7 })],
    [
      'damaged',
      async () =>
        writeFile(
          await place.store.localCopy(await place.store.putJson(keyOf(), entry(JSON.stringify(said())))),
          'damaged',
        ),
    ],
  ])('%s is asked for once more, counted, and stays where it is', async (_, keep) => {
    await keep();
    const before = await readdir(join(place.root, 'ledger'));
    const endpoint = new ManualEndpoint();
    expect(await answered(endpoint)).toMatchObject({ calls: 1, repeated: 1, inputTokens: 100 });
    expect(await answered(endpoint)).toMatchObject({ calls: 1, repeated: 1, inputTokens: 100 });
    expect(await answered(endpoint, { place: 'runs/later/step-000001' })).toMatchObject({ calls: 0, repeated: 0 });
    expect(endpoint.asked).toHaveLength(1);
    expect(await readdir(join(place.root, 'ledger'))).toEqual(expect.arrayContaining(before));
    expect(await asking()).toEqual([]);
  });

  test('counts with what this place paid for, when it was this place that asked', async () => {
    await place.store.putJson(keyOf(), entry('{"verdicts":[]}', { paidBy: 'runs/r/step-000001' }));
    expect(await answered(new ManualEndpoint())).toMatchObject({ calls: 2, cacheHits: 0, repeated: 1 });
  });

  test('stays unscorable, where it was found so', async () => {
    const outcome = { unscorable: true, reason: 'none' } as const;
    await place.store.putJson(keyOf(), entry('{"verdicts":[]}', { outcome }));
    const endpoint = new ManualEndpoint();
    expect(await ledger(endpoint).ask(question())).toEqual(outcome);
    expect(endpoint.asked).toEqual([]);
  });
});

describe('usage', () => {
  const price = { inputPerMillion: 2, outputPerMillion: 10 };

  test('counts what this place paid for, and is the same when the place is done again', async () => {
    const endpoint = new ManualEndpoint();
    const first = ledger(endpoint, { price });
    const asked = [first.ask(question('A dog.')), first.ask(question('A cat.')), first.ask(question('A cat.'))];
    await endpoint.arrived(2);
    for (const { settle } of endpoint.asked) settle(said());
    await Promise.all(asked);
    const usage = {
      calls: 2,
      cacheHits: 1,
      inputTokens: 200,
      outputTokens: 20,
      cost: (200 * 2 + 20 * 10) / 1e6,
      repeated: 0,
    };
    expect(first.usage).toEqual({ ...usage, latencySeconds: { p50: 2, p95: 2, max: 2 } });

    const again = ledger(endpoint, { price });
    for (const caption of ['A dog.', 'A cat.', 'A cat.']) await again.ask(question(caption));
    expect(again.usage).toEqual({ ...usage, latencySeconds: { p50: 0, p95: 0, max: 0 } });
    const elsewhere = ledger(endpoint, { price, place: 'runs/r/step-000002' });
    await elsewhere.ask(question('A dog.'));
    expect(elsewhere.usage).toMatchObject({ calls: 0, cacheHits: 1, inputTokens: 0, cost: 0 });
  });
});

test('what an earlier version has filed of a server that failed is no answer: it is asked again', async () => {
  const endpoint = new ManualEndpoint();
  const { data, prompt } = question();
  await place.store.putJson(keyOf(), {
    prompt: prompt.name,
    asked: endpoint.identity(question()),
    question: data,
    attempts: [{ ...attempt(''), finishReason: 'error' }],
    outcome: { unscorable: true, reason: "the judge's answer cannot be used: it must be one JSON object" },
    paidBy: 'runs/earlier/step-000001',
    repeated: 0,
    cost: 0,
  });
  const asked = place.ledger(endpoint).ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  expect(await asked).toEqual({ answer: ['entailment'] });
});
