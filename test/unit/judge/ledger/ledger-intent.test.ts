import { basename } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ArtifactStore } from '../../../../core/artifact-store.ts';
import { VideocapError } from '../../../../core/errors.ts';
import { Fences } from '../../../../core/fence.ts';
import { ASKING } from '../../../../core/store-layout.ts';
import { type Intent, Intents } from '../../../../judge/ledger/intents.ts';
import { openIntents } from '../../../../judge/ledger/read-ledger.ts';
import { type Call, WatchedStorage } from '../../../storage/watched-storage.ts';
import { attempt, keyOf, ManualEndpoint, question, said, temporaryLedger } from './temporary-ledger.ts';

const place = temporaryLedger();
const { ledger, asking } = place;

describe('the intent', () => {
  test('is recorded before the question goes out, and gone when the answer is stored', async () => {
    const endpoint = new ManualEndpoint();
    const asked = ledger(endpoint).ask(question());
    await endpoint.arrived(1);
    expect(await asking()).toEqual([`${basename(keyOf(), '.json')}.1`]);
    endpoint.asked[0]!.settle(said());
    await asked;
    expect(await asking()).toEqual([]);
  });

  test('is gone when the endpoint has certainly not answered', async () => {
    const endpoint = new ManualEndpoint();
    const asked = ledger(endpoint).ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.fail(new VideocapError('Unavailable', 'down'));
    await expect(asked).rejects.toThrow('down');
    expect(await asking()).toEqual([]);
  });

  test('stays when an answer was perhaps paid for and lost: asked again, and counted', async () => {
    const endpoint = new ManualEndpoint();
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

  const FENCE = { execution: 'e', activity: '7' };
  const intentKey = (number: number) => `${ASKING}${basename(keyOf(), '.json')}.${number}`;
  /** What another process has put. */
  const leave = async (more: Partial<Intent> = {}, number = 1) => {
    const intent = { process: 'other', claims: [], place: 'there', leaseSeconds: 600, taking: 't', ...more };
    await place.store.storage.putRef(intentKey(number), JSON.stringify(intent), { ifAbsent: true });
  };
  const storedThere = (endpoint: ManualEndpoint) =>
    place.store.putJson(keyOf(), {
      prompt: 'event-entailment.v1',
      asked: endpoint.identity(question()),
      question: question().data,
      attempts: [attempt('{"verdicts":[{"index":1,"relationship":"contradiction"}]}')],
      outcome: { answered: true },
      paidBy: 'there',
      cost: 0,
      repeated: 0,
    });

  test.each<[string, () => Promise<unknown>]>([
    [
      'whose attempt Temporal has given up, as when its worker died',
      async () => {
        const fences = new Fences(place.store.storage);
        const { claims } = await fences.claim({ ...FENCE, scheduled: 1, first: true });
        await leave({ claims: [...claims] });
        await fences.claim({ ...FENCE, scheduled: 2, first: false });
      },
    ],
    [
      'whose run another execution has taken over',
      async () => {
        const fences = new Fences(place.store.storage);
        const { claims } = await fences.claim({ ...FENCE, scheduled: 1, first: true, runKey: 'r' });
        await leave({ claims: [...claims] });
        await fences.claim({ execution: 'resumed', activity: '1', scheduled: 1, first: true, runKey: 'r' });
      },
    ],
    ['that has given up, and perhaps paid', () => leave({ released: true })],
    ['that asks for longer than any question takes', () => leave({ leaseSeconds: -1 })],
    ['that is damaged', () => place.store.storage.putRef(intentKey(1), 'dam', { ifAbsent: true })],
    [
      'of those that were abandoned twice',
      async () => {
        await leave({ released: true });
        await leave({ released: true }, 2);
      },
    ],
  ])('of a holder %s is taken over at once, and counted', async (_, left) => {
    await left();
    const endpoint = new ManualEndpoint();
    const client = ledger(endpoint);
    const asked = client.ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.settle(said());
    expect(await asked).toEqual({ answer: ['entailment'] });
    expect(client.usage.repeated).toBe(1);
    expect(await asking()).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['outside of any activity', () => leave()],
    [
      'whose attempt continues',
      async () => {
        const fences = new Fences(place.store.storage);
        await leave({ claims: [...(await fences.claim({ ...FENCE, scheduled: 1, first: true })).claims] });
        await fences.claim({ ...FENCE, activity: '8', scheduled: 2, first: false });
      },
    ],
    [
      'that has taken over from another',
      async () => {
        await leave({ released: true });
        await leave({}, 2);
      },
    ],
  ])('of another process at work, %s, is waited for, and its answer taken', async (_, left) => {
    await left();
    const endpoint = new ManualEndpoint();
    let looks = 0;
    const clock = {
      now: () => Date.now(),
      sleep: async () => {
        if (++looks === 2) await storedThere(endpoint);
      },
    };
    const client = ledger(endpoint, { clock });
    expect(await client.ask(question())).toEqual({ answer: ['contradiction'] });
    expect(looks).toBe(2);
    expect(endpoint.asked).toEqual([]);
    expect(client.usage).toMatchObject({ calls: 0, cacheHits: 1 });
  });

  test('that comes just after another process has stored the answer asks nothing', async () => {
    const endpoint = new ManualEndpoint();
    let stored = false;
    const late = new WatchedStorage(place.store.storage, {
      async before({ method, key }) {
        if (stored || method !== 'putRef' || !key.startsWith(ASKING)) return;
        stored = true;
        await storedThere(endpoint);
      },
    });
    const client = ledger(endpoint, { at: new ArtifactStore(late) });
    expect(await client.ask(question())).toEqual({ answer: ['contradiction'] });
    expect(endpoint.asked).toEqual([]);
    expect(await asking()).toEqual([]);
  });

  test('whose put has failed leaves nothing behind, whether it was stored or not', async () => {
    for (const fails of ['before', 'after'] as const) {
      const lost = new WatchedStorage(place.store.storage, {
        [fails]({ method, key }: Call) {
          if (method === 'putRef' && key.startsWith(ASKING)) throw new Error('connection reset');
        },
      });
      const endpoint = new ManualEndpoint();
      await expect(ledger(endpoint, { at: new ArtifactStore(lost) }).ask(question())).rejects.toThrow(
        'connection reset',
      );
      expect(endpoint.asked).toEqual([]);
      expect(await asking()).toEqual([]);
    }
  });

  describe('of a question that waits longer than its lease before its request, as for a rate limit,', () => {
    const LEASE = 600;
    /** The storage's own clock cannot be moved: what lies there is looked at with a later `now`. */
    const waiting = (seconds: number) => {
      let now = Date.now();
      const clock = { now: () => now, sleep: async () => {} };
      const endpoint = new ManualEndpoint();
      const puts: string[] = [];
      const watched = new WatchedStorage(place.store.storage, {
        before({ method, key }: Call) {
          if (method === 'putRef' && key.startsWith(ASKING)) puts.push(key);
        },
      });
      const client = ledger(endpoint, { at: new ArtifactStore(watched), leaseSeconds: LEASE, clock });
      return {
        ...{ endpoint, client, puts, clock },
        wait: (meanwhile: () => Promise<unknown>) => {
          endpoint.limit = async () => {
            now += 1000 * seconds;
            await meanwhile();
          };
        },
      };
    };

    test('is put anew, so that the lease covers the request', async () => {
      const { endpoint, client, puts, wait } = waiting(LEASE / 2);
      wait(async () => {});
      const asked = client.ask(question());
      await endpoint.arrived(1);
      expect(puts).toEqual([intentKey(1), intentKey(1)]);
      endpoint.asked[0]!.settle(said());
      expect(await asked).toEqual({ answer: ['entailment'] });
      expect(await asking()).toEqual([]);
    });

    test('is not put anew after a short wait', async () => {
      const { endpoint, client, puts, wait } = waiting(LEASE / 2 - 1);
      wait(async () => {});
      const asked = client.ask(question());
      await endpoint.arrived(1);
      expect(puts).toHaveLength(1);
      endpoint.asked[0]!.settle(said());
      await asked;
    });

    test('and that another process has taken over: nothing is sent, and its answer is taken', async () => {
      const { endpoint, client, wait, clock } = waiting(LEASE + 1);
      wait(() => leave({}, 2));
      clock.sleep = () => storedThere(endpoint).then(() => undefined);
      expect(await client.ask(question())).toEqual({ answer: ['contradiction'] });
      expect(endpoint.asked).toEqual([]);
    });

    test('and that another process has answered meanwhile: nothing is sent, and no intent stays', async () => {
      const { endpoint, client, wait } = waiting(LEASE + 1);
      wait(async () => {
        await storedThere(endpoint);
        await place.store.storage.remove({ kind: 'ref', key: intentKey(1) });
      });
      expect(await client.ask(question())).toEqual({ answer: ['contradiction'] });
      expect(endpoint.asked).toEqual([]);
      expect(await asking()).toEqual([]);
    });

    test('is not taken over by who has read it just before it was put anew', async () => {
      await leave({ leaseSeconds: -1 });
      const watched = new WatchedStorage(place.store.storage, {
        // Its holder renews while this process is on its way to the next number.
        async before({ method, key }: Call) {
          if (method !== 'putRef' || key !== intentKey(2)) return;
          const renewed = { process: 'other', claims: [], place: 'there', leaseSeconds: 600, taking: 't' };
          await place.store.storage.putRef(intentKey(1), JSON.stringify(renewed), { ifAbsent: false });
        },
      });
      const intents = new Intents(watched, { claims: [], place: 'here', leaseSeconds: 600 }, () => Date.now());
      expect(await intents.take(keyOf())).toBe('held');
      expect(await asking()).toEqual([`${basename(keyOf(), '.json')}.1`]);
    });
  });

  test('is taken over by one of many processes', async () => {
    await leave({ released: true });
    // Of one process each: within one, the ledger asks a question once.
    const taken = await Promise.all(
      Array.from({ length: 8 }, async (_, i) => {
        const text = JSON.stringify({ process: `p${i}`, claims: [], place: 'x', leaseSeconds: 600, taking: `${i}` });
        return (await place.store.storage.putRef(intentKey(2), text, { ifAbsent: true })) === text;
      }),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    const intents = new Intents(place.store.storage, { claims: [], place: 'here', leaseSeconds: 600 }, () =>
      Date.now(),
    );
    expect(await intents.take(keyOf())).toBe('held');
  });
});

describe('open intents', () => {
  test('are those without an answer in the ledger, by their last holder, oldest first', async () => {
    const put = (key: string, number: number, more: Partial<Intent> = {}) =>
      place.store.storage.putRef(
        `${ASKING}${key}.${number}`,
        JSON.stringify({ process: 'other', claims: [], place: 'runs/r', leaseSeconds: 600, taking: 't', ...more }),
        { ifAbsent: true },
      );
    await put('left', 1, { released: true });
    await put('again', 1, { released: true });
    await put('again', 2);
    await put('answered', 1);
    await place.store.put('ledger/answered.json', '{}');
    const open = await openIntents(place.store);
    expect(Object.fromEntries(open.map(({ key, state }) => [key, state]))).toEqual({
      left: 'left',
      again: 'being asked',
    });
    expect(open[0]).toMatchObject({ place: 'runs/r', since: expect.any(Number) });
  });
});

describe('an answer that was paid for and cannot be used', () => {
  const intentsOf = ({ store }: { store: ArtifactStore }) =>
    new Intents(store.storage, { claims: [], place: 'here', leaseSeconds: 600 }, () => Date.now());
  const paid = [attempt('I think so.')];

  test('is there for the next asker, whether the first gives up or dies', async () => {
    for (const died of [false, true]) {
      const key = keyOf(`A dog, ${died}.`);
      const first = intentsOf(place);
      expect(await first.take(key)).toBe('fresh');
      await first.note(key, paid);
      if (!died) await first.giveUp(key, { lost: false });
      const second = intentsOf(place);
      expect(await second.take(key)).toBe('abandoned');
      // Who dies may have sent the repetition too.
      expect(second.earlier(key)).toEqual({ attempts: paid, lost: died });
      // Nothing new has come, so it stays for the third.
      await second.giveUp(key, { lost: false });
      const third = intentsOf(place);
      await third.take(key);
      expect(third.earlier(key).attempts).toEqual(paid);
      await third.drop(key);
    }
    expect(await place.asking()).toEqual([]);
  });

  test('is not repeated where it is long: a ref has room for little', async () => {
    const intents = intentsOf(place);
    await intents.take(keyOf());
    await intents.note(keyOf(), [attempt('{"'.repeat(60_000))]);
    await intents.giveUp(keyOf(), { lost: false });
    const next = intentsOf(place);
    await next.take(keyOf());
    expect(next.earlier(keyOf()).attempts).toEqual([attempt('')]);
  });
});
