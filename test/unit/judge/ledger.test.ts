import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setImmediate as tick } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Ledger, LedgerEntry, type LedgerOptions, ledgerKey } from '../../../activities/judge/ledger.ts';
import type { Attempt, Endpoint, Exchange, Question, Watch } from '../../../activities/judge/question.ts';
import { eventEntailment, type Verdict } from '../../../activities/judge/questions/event-entailment.ts';
import { eventExtraction } from '../../../activities/judge/questions/event-extraction.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { VideocapError } from '../../../core/errors.ts';

let root: string;
let store: ArtifactStore;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'videocap-ledger-'));
  store = new ArtifactStore(root);
});
afterEach(() => rm(root, { recursive: true }));

type Said = Exchange<never>['outcome'] | { text: string };

/** An endpoint that answers when it is told to. */
class PatientEndpoint implements Endpoint {
  readonly name = 'patient';
  readonly asked: { settle(said: Said): void; fail(error: Error): void; watch: Watch | undefined }[] = [];
  #changed = () => {};

  identity({ prompt }: Question<unknown>) {
    return { model: 'patient', prompt: prompt.name };
  }
  async ask<T>(question: Question<T>, _signal?: AbortSignal, watch?: Watch): Promise<Exchange<T>> {
    await watch?.sending();
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

const attempt = (text: string): Attempt => ({
  text,
  finishReason: 'stop',
  inputTokens: 100,
  outputTokens: 10,
  seconds: 2,
});
const said = (relationship: Verdict = 'entailment'): Said => ({
  text: JSON.stringify({ verdicts: [{ index: 1, relationship }] }),
});
const question = (caption = 'A dog.') => eventEntailment(caption, ['a dog runs']);
const ledger = (endpoint: Endpoint, options: LedgerOptions & { place?: string; at?: ArtifactStore } = {}) =>
  new Ledger(endpoint, options.at ?? store, options.place ?? 'runs/r/step-000001', options);
const keyOf = (caption?: string) => ledgerKey(new PatientEndpoint().identity(question(caption)), question(caption));
const asking = () => readdir(join(root, 'ledger/asking')).catch(() => []);

test('an answer is in the store before it is used, with its question and who paid', async () => {
  const endpoint = new PatientEndpoint();
  const asked = ledger(endpoint).ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  expect(await asked).toEqual({ answer: ['entailment'] });
  expect(keyOf()).toMatch(/^ledger\/[0-9a-f]{64}\.json$/);
  expect(await store.readJson((await store.find(keyOf()))!, LedgerEntry)).toEqual({
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
  const endpoint = new PatientEndpoint();
  const full = new ArtifactStore(root);
  full.putJson = async () => {
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  };
  const first = ledger(endpoint, { at: full }).ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  await expect(first).rejects.toThrow('ENOSPC');
  const later = ledger(endpoint);
  expect(await later.ask(question())).toEqual({ answer: ['entailment'] });
  expect(endpoint.asked).toHaveLength(1);
  expect(later.usage).toMatchObject({ calls: 1, inputTokens: 100, repeated: 0 });
  expect(await asking()).toEqual([]);
});

test('identical questions in flight are one, also from two ledgers of one process', async () => {
  const endpoint = new PatientEndpoint();
  const one = ledger(endpoint, { place: 'runs/r/step-000001' });
  const two = ledger(endpoint, { place: 'runs/other/step-000001', at: new ArtifactStore(root) });
  const asked = [one.ask(question()), two.ask(question()), one.ask(question())];
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(said());
  const told = { answer: ['entailment'] };
  expect(await Promise.all(asked)).toEqual([told, told, told]);
  expect(endpoint.asked).toHaveLength(1);
  expect(one.usage).toMatchObject({ calls: 1, cacheHits: 1 });
  expect(two.usage).toMatchObject({ calls: 0, cacheHits: 1 });
});

test('who waits for another asker that fails asks again for itself', async () => {
  const endpoint = new PatientEndpoint();
  const asker = ledger(endpoint);
  const first = asker.ask(question());
  const second = asker.ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.fail(new DOMException('cancelled', 'AbortError'));
  await expect(first).rejects.toThrow('cancelled');
  await endpoint.arrived(2);
  endpoint.asked[1]!.settle(said());
  expect(await second).toEqual({ answer: ['entailment'] });
});

test('when another process answered first, its answer counts', async () => {
  const endpoint = new PatientEndpoint();
  const here = ledger(endpoint).ask(question());
  await endpoint.arrived(1);
  await store.putJson(keyOf(), {
    prompt: 'event-entailment.v1',
    asked: endpoint.identity(question()),
    question: question().data,
    attempts: [attempt('{"verdicts":[{"index":1,"relationship":"entailment"}]}')],
    outcome: { answered: true },
    paidBy: 'elsewhere',
    repeated: 0,
  });
  endpoint.asked[0]!.settle(said('neutral'));
  expect(await here).toEqual({ answer: ['entailment'] });
});

test('a refusal is kept, and not asked about again', async () => {
  const endpoint = new PatientEndpoint();
  const refused = { unscorable: true, reason: 'refused' } as const;
  const asker = ledger(endpoint);
  const asked = asker.ask(question());
  await endpoint.arrived(1);
  endpoint.asked[0]!.settle(refused);
  expect(await asked).toEqual(refused);
  expect(await ledger(endpoint).ask(question())).toEqual(refused);
  expect(asker.usage).toMatchObject({ calls: 1, cacheHits: 0 });
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
    asked: new PatientEndpoint().identity(question()),
    question: question().data,
    attempts: [attempt(text)],
    outcome: { answered: true },
    paidBy: 'runs/earlier/step-000001',
    repeated: 0,
    cost: 0,
    ...more,
  });
  const answered = async (endpoint: PatientEndpoint, options: Parameters<typeof ledger>[1] = {}) => {
    const asker = ledger(endpoint, options);
    const asked = asker.ask(question());
    void endpoint.arrived(1).then(() => endpoint.asked[0]!.settle(said()));
    expect(await asked).toEqual({ answer: ['entailment'] });
    return asker.usage;
  };

  test.each([
    ['kept when answers were read less strictly', () => store.putJson(keyOf(), entry('{"verdicts":[]}'))],
    ['written by another version', () => store.putJson(keyOf(), { ...entry('{}'), reader: 7 })],
    [
      'damaged',
      async () => writeFile(store.path(await store.putJson(keyOf(), entry(JSON.stringify(said())))), 'damaged'),
    ],
  ])('%s is asked for once more, counted, and stays where it is', async (_, keep) => {
    await keep();
    const before = await readdir(join(root, 'ledger'));
    const endpoint = new PatientEndpoint();
    expect(await answered(endpoint)).toMatchObject({ calls: 1, repeated: 1, inputTokens: 100 });
    expect(await answered(endpoint)).toMatchObject({ calls: 1, repeated: 1, inputTokens: 100 });
    expect(await answered(endpoint, { place: 'runs/later/step-000001' })).toMatchObject({ calls: 0, repeated: 0 });
    expect(endpoint.asked).toHaveLength(1);
    expect(await readdir(join(root, 'ledger'))).toEqual(expect.arrayContaining(before));
    expect(await asking()).toEqual([]);
  });

  test('counts with what this place paid for, when it was this place that asked', async () => {
    await store.putJson(keyOf(), entry('{"verdicts":[]}', { paidBy: 'runs/r/step-000001' }));
    expect(await answered(new PatientEndpoint())).toMatchObject({ calls: 2, cacheHits: 0, repeated: 1 });
  });

  test('stays unscorable, where it was found so', async () => {
    const outcome = { unscorable: true, reason: 'none' } as const;
    await store.putJson(keyOf(), entry('{"verdicts":[]}', { outcome }));
    const endpoint = new PatientEndpoint();
    expect(await ledger(endpoint).ask(question())).toEqual(outcome);
    expect(endpoint.asked).toEqual([]);
  });
});

test('what was said is not held once it is answered, however many questions this place paid for', async () => {
  const held: WeakRef<object>[] = [];
  const watched = new ArtifactStore(root);
  watched.readJson = async (ref, schema) => {
    const entry = await ArtifactStore.prototype.readJson.call(watched, ref, schema);
    held.push(new WeakRef(entry as object));
    return entry as never;
  };
  const endpoint = new PatientEndpoint();
  const captions = Array.from({ length: 50 }, (_, i) => `Scene ${i}.`);
  const first = Promise.all(captions.map((caption) => ledger(endpoint).ask(question(caption))));
  await endpoint.arrived(captions.length);
  for (const { settle } of endpoint.asked) settle(said());
  await first;
  const again = ledger(endpoint, { at: watched });
  await Promise.all(captions.map((caption) => again.ask(question(caption))));
  expect(held).toHaveLength(captions.length);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let i = 0; i < 3; i++) {
    await tick();
    collect();
  }
  expect(held.filter((entry) => entry.deref() !== undefined)).toEqual([]);
  expect(again.usage).toMatchObject({ calls: 50, inputTokens: 5000, outputTokens: 500 });
});

describe('usage', () => {
  const price = { inputPerMillion: 2, outputPerMillion: 10 };

  test('counts what this place paid for, and is the same when the place is done again', async () => {
    const endpoint = new PatientEndpoint();
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

describe('the intent', () => {
  test('is recorded before the question goes out, and gone when the answer is stored', async () => {
    const endpoint = new PatientEndpoint();
    const asked = ledger(endpoint).ask(question());
    await endpoint.arrived(1);
    expect(await asking()).toEqual([basename(keyOf())]);
    endpoint.asked[0]!.settle(said());
    await asked;
    expect(await asking()).toEqual([]);
  });

  test('is gone when the endpoint has certainly not answered', async () => {
    const endpoint = new PatientEndpoint();
    const asked = ledger(endpoint).ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.fail(new VideocapError('Unavailable', 'down'));
    await expect(asked).rejects.toThrow('down');
    expect(await asking()).toEqual([]);
  });

  test('stays when an answer was perhaps paid for and lost: asked again, and counted', async () => {
    const endpoint = new PatientEndpoint();
    const asked = ledger(endpoint).ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.watch!.lost();
    endpoint.asked[0]!.fail(new VideocapError('Unavailable', 'timed out'));
    await expect(asked).rejects.toThrow('timed out');
    expect(await asking()).toHaveLength(1);

    const again = ledger(endpoint);
    const second = again.ask(question());
    await endpoint.arrived(2);
    endpoint.asked[1]!.settle(said());
    await second;
    expect(again.usage).toMatchObject({ calls: 1, repeated: 1 });
    expect(await asking()).toEqual([]);
    const third = ledger(endpoint);
    await third.ask(question());
    expect(third.usage).toMatchObject({ calls: 1, repeated: 1 });
  });

  /** What another process leaves; process 1 always runs, and no process has an id this high. */
  const leave = async (pid: number, host = hostname()) => {
    await store.put('ledger/asking/x', '');
    await writeFile(join(root, 'ledger/asking', basename(keyOf())), JSON.stringify({ host, pid, place: 'there' }));
  };

  test('of a process that died is taken over, and counted', async () => {
    await leave(2 ** 30);
    const endpoint = new PatientEndpoint();
    const asker = ledger(endpoint);
    const asked = asker.ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.settle(said());
    await asked;
    expect(asker.usage.repeated).toBe(1);
  });

  test.each([
    ['on this machine', 1, hostname()],
    ['on another machine', 7, 'elsewhere'],
  ])('of a process at work %s is waited for, and its answer taken', async (_, pid, host) => {
    await leave(pid, host);
    const endpoint = new PatientEndpoint();
    let looks = 0;
    const clock = {
      now: () => 0,
      sleep: async () => {
        if (++looks !== 2) return;
        await store.putJson(keyOf(), {
          prompt: 'event-entailment.v1',
          asked: endpoint.identity(question()),
          question: question().data,
          attempts: [attempt('{"verdicts":[{"index":1,"relationship":"contradiction"}]}')],
          outcome: { answered: true },
          paidBy: 'there',
          repeated: 0,
        });
      },
    };
    const asker = ledger(endpoint, { clock });
    expect(await asker.ask(question())).toEqual({ answer: ['contradiction'] });
    expect(looks).toBe(2);
    expect(endpoint.asked).toEqual([]);
    expect(asker.usage).toMatchObject({ calls: 0, cacheHits: 1 });
  });

  test('of a machine that has been silent for too long is taken over', async () => {
    await leave(7, 'elsewhere');
    const endpoint = new PatientEndpoint();
    const asker = ledger(endpoint, { leaseSeconds: -1 });
    const asked = asker.ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.settle(said());
    expect(await asked).toEqual({ answer: ['entailment'] });
    expect(asker.usage.repeated).toBe(1);
  });
});

describe('the budget', () => {
  const ask = async (asker: Ledger, endpoint: PatientEndpoint, captions: string[]) => {
    const before = endpoint.asked.length;
    const outcomes = captions.map((caption) => asker.ask(question(caption)));
    const settling = Promise.allSettled(outcomes);
    let done = false;
    void settling.then(() => (done = true));
    for (let answered = before; !done; ) {
      while (answered < endpoint.asked.length) endpoint.asked[answered++]!.settle(said());
      await new Promise((resolve) => setImmediate(resolve));
    }
    return (await settling).map((outcome) =>
      outcome.status === 'fulfilled' ? 'answered' : `${outcome.reason.code}: ${outcome.reason.message}`,
    );
  };

  test('of calls is never exceeded, also by questions asked at once; what is known costs nothing', async () => {
    const endpoint = new PatientEndpoint();
    const options = { budget: { calls: 12 }, spent: { usd: 0, calls: 10 } };
    const blocked =
      'JudgeBlocked: The run has put 12 questions to its judge, and judge.budget.calls is 12. Raise it with `videocap limits`, then `videocap resume`.';
    const captions = ['A.', 'B.', 'C.', 'D.'];
    const outcomes = await ask(ledger(endpoint, options), endpoint, captions);
    expect(outcomes.toSorted()).toEqual([blocked, blocked, 'answered', 'answered']);
    expect(endpoint.asked).toHaveLength(2);

    // Done again, as Temporal would: the two answers count as before, and no third is bought.
    expect((await ask(ledger(endpoint, options), endpoint, captions)).toSorted()).toEqual(outcomes.toSorted());
    expect(endpoint.asked).toHaveLength(2);
    const raised = { ...options, budget: { calls: 14 } };
    expect(await ask(ledger(endpoint, raised), endpoint, captions)).toEqual(captions.map(() => 'answered'));
  });

  test('of money stops the first question after it is reached', async () => {
    const endpoint = new PatientEndpoint();
    // Each question costs 0.0003 USD.
    const asker = ledger(endpoint, {
      price: { inputPerMillion: 2, outputPerMillion: 10 },
      budget: { usd: 1.0005 },
      spent: { usd: 1, calls: 0 },
    });
    expect(await ask(asker, endpoint, ['A.'])).toEqual(['answered']);
    expect(await ask(asker, endpoint, ['B.'])).toEqual(['answered']);
    expect(await ask(asker, endpoint, ['C.'])).toEqual([
      "JudgeBlocked: The run's judge has cost 1.00 USD, and judge.budget.usd is 1.0005. Raise it with `videocap limits`, then `videocap resume`.",
    ]);
    expect(await asking()).toEqual([]);
  });

  test.each([
    ['nothing is known of costs', { usd: 0, calls: 0 }],
    ['the run knows what a question costs', { usd: 0.0003, calls: 1 }],
  ])('of money is exceeded by one question at most, also by questions asked at once: %s', async (_, spent) => {
    const endpoint = new PatientEndpoint();
    const options = { price: { inputPerMillion: 2, outputPerMillion: 10 }, budget: { usd: spent.usd + 0.001 }, spent };
    const asker = ledger(endpoint, options);
    const outcomes = await ask(
      asker,
      endpoint,
      [...'ABCDEFGH'].map((name) => `${name}.`),
    );
    // Four times 0.0003 USD is the first to reach 0.001.
    expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(4);
    expect(endpoint.asked).toHaveLength(4);
    expect(asker.usage.cost).toBeCloseTo(0.0012, 12);
    expect(await asking()).toEqual([]);
  });

  test('of money that is far holds nobody back', async () => {
    const endpoint = new PatientEndpoint();
    const asker = ledger(endpoint, {
      price: { inputPerMillion: 2, outputPerMillion: 10 },
      budget: { usd: 1 },
      spent: { usd: 0.003, calls: 10 },
    });
    const asked = Promise.all([...'ABCDEFGH'].map((name) => asker.ask(question(`${name}.`))));
    await endpoint.arrived(8);
    for (const { settle } of endpoint.asked) settle(said());
    expect(await asked).toHaveLength(8);
  });

  test('is not held back by a question whose request failed, nor waited for in vain', async () => {
    const endpoint = new PatientEndpoint();
    const asker = ledger(endpoint, { price: { inputPerMillion: 2, outputPerMillion: 10 }, budget: { usd: 1 } });
    const first = asker.ask(question('A.'));
    await endpoint.arrived(1);
    const second = asker.ask(question('B.'));
    endpoint.asked[0]!.fail(new VideocapError('Unavailable', 'down'));
    await expect(first).rejects.toThrow('down');
    await endpoint.arrived(2);
    endpoint.asked[1]!.settle(said());
    expect(await second).toEqual({ answer: ['entailment'] });
  });
});
