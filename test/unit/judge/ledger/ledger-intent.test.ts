import { writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { VideocapError } from '../../../../core/errors.ts';
import { attempt, keyOf, question, ScriptedEndpoint, said, temporaryLedger } from './temporary-ledger.ts';

const place = temporaryLedger();
const { ledger, asking } = place;

describe('the intent', () => {
  test('is recorded before the question goes out, and gone when the answer is stored', async () => {
    const endpoint = new ScriptedEndpoint();
    const asked = ledger(endpoint).ask(question());
    await endpoint.arrived(1);
    expect(await asking()).toEqual([basename(keyOf())]);
    endpoint.asked[0]!.settle(said());
    await asked;
    expect(await asking()).toEqual([]);
  });

  test('is gone when the endpoint has certainly not answered', async () => {
    const endpoint = new ScriptedEndpoint();
    const asked = ledger(endpoint).ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.fail(new VideocapError('Unavailable', 'down'));
    await expect(asked).rejects.toThrow('down');
    expect(await asking()).toEqual([]);
  });

  test('stays when an answer was perhaps paid for and lost: asked again, and counted', async () => {
    const endpoint = new ScriptedEndpoint();
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
    await place.store.put('ledger/asking/x', '');
    await writeFile(
      join(place.root, 'ledger/asking', basename(keyOf())),
      JSON.stringify({ host, pid, place: 'there' }),
    );
  };

  test('of a process that died is taken over, and counted', async () => {
    await leave(2 ** 30);
    const endpoint = new ScriptedEndpoint();
    const client = ledger(endpoint);
    const asked = client.ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.settle(said());
    await asked;
    expect(client.usage.repeated).toBe(1);
  });

  test.each([
    ['on this machine', 1, hostname()],
    ['on another machine', 7, 'elsewhere'],
  ])('of a process at work %s is waited for, and its answer taken', async (_, pid, host) => {
    await leave(pid, host);
    const endpoint = new ScriptedEndpoint();
    let looks = 0;
    const clock = {
      now: () => 0,
      sleep: async () => {
        if (++looks !== 2) return;
        await place.store.putJson(keyOf(), {
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
    const client = ledger(endpoint, { clock });
    expect(await client.ask(question())).toEqual({ answer: ['contradiction'] });
    expect(looks).toBe(2);
    expect(endpoint.asked).toEqual([]);
    expect(client.usage).toMatchObject({ calls: 0, cacheHits: 1 });
  });

  test('of a machine that has been silent for too long is taken over', async () => {
    await leave(7, 'elsewhere');
    const endpoint = new ScriptedEndpoint();
    const client = ledger(endpoint, { leaseSeconds: -1 });
    const asked = client.ask(question());
    await endpoint.arrived(1);
    endpoint.asked[0]!.settle(said());
    expect(await asked).toEqual({ answer: ['entailment'] });
    expect(client.usage.repeated).toBe(1);
  });
});
