import { describe, expect, test } from 'vitest';
import { VideocapError } from '../../../../core/errors.ts';
import type { Ledger } from '../../../../judge/ledger/ledger.ts';
import { naming } from '../../../refusal.ts';
import { ManualEndpoint, question, said, temporaryLedger } from './temporary-ledger.ts';

const { ledger, asking } = temporaryLedger();

describe('the budget', () => {
  const ask = async (client: Ledger, endpoint: ManualEndpoint, captions: string[]) => {
    const before = endpoint.asked.length;
    const outcomes = captions.map((caption) => client.ask(question(caption)));
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
    const endpoint = new ManualEndpoint();
    const options = { budget: { calls: 12 }, spent: { usd: 0, calls: 10 } };
    const blocked = naming('JudgeBlocked:', '12 questions', 'judge.budget.calls is 12', '`videocap limits`');
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
    const endpoint = new ManualEndpoint();
    // Each question costs 0.0003 USD.
    const client = ledger(endpoint, {
      price: { inputPerMillion: 2, outputPerMillion: 10 },
      budget: { usd: 1.0005 },
      spent: { usd: 1, calls: 0 },
    });
    expect(await ask(client, endpoint, ['A.'])).toEqual(['answered']);
    expect(await ask(client, endpoint, ['B.'])).toEqual(['answered']);
    expect(await ask(client, endpoint, ['C.'])).toEqual([
      naming('JudgeBlocked:', '1.00 USD', 'judge.budget.usd is 1.0005', '`videocap limits`'),
    ]);
    expect(await asking()).toEqual([]);
  });

  test.each([
    ['nothing is known of costs', { usd: 0, calls: 0 }],
    ['the run knows what a question costs', { usd: 0.0003, calls: 1 }],
  ])('of money is exceeded by one question at most, also by questions asked at once: %s', async (_, spent) => {
    const endpoint = new ManualEndpoint();
    const options = { price: { inputPerMillion: 2, outputPerMillion: 10 }, budget: { usd: spent.usd + 0.001 }, spent };
    const client = ledger(endpoint, options);
    const outcomes = await ask(
      client,
      endpoint,
      [...'ABCDEFGH'].map((name) => `${name}.`),
    );
    // Four times 0.0003 USD is the first to reach 0.001.
    expect(outcomes.filter((outcome) => outcome === 'answered')).toHaveLength(4);
    expect(endpoint.asked).toHaveLength(4);
    expect(client.usage.cost).toBeCloseTo(0.0012, 12);
    expect(await asking()).toEqual([]);
  });

  test('of money that is far away delays no question', async () => {
    const endpoint = new ManualEndpoint();
    const client = ledger(endpoint, {
      price: { inputPerMillion: 2, outputPerMillion: 10 },
      budget: { usd: 1 },
      spent: { usd: 0.003, calls: 10 },
    });
    const asked = Promise.all([...'ABCDEFGH'].map((name) => client.ask(question(`${name}.`))));
    await endpoint.arrived(8);
    for (const { settle } of endpoint.asked) settle(said());
    expect(await asked).toHaveLength(8);
  });

  test('is not held back by a question whose request failed, nor waited for in vain', async () => {
    const endpoint = new ManualEndpoint();
    const client = ledger(endpoint, { price: { inputPerMillion: 2, outputPerMillion: 10 }, budget: { usd: 1 } });
    const first = client.ask(question('A.'));
    await endpoint.arrived(1);
    const second = client.ask(question('B.'));
    endpoint.asked[0]!.fail(new VideocapError('Unavailable', 'down'));
    await expect(first).rejects.toThrow('down');
    await endpoint.arrived(2);
    endpoint.asked[1]!.settle(said());
    expect(await second).toEqual({ answer: ['entailment'] });
  });
});
