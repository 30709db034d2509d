import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenAiServer, startOpenAiServer } from '../servers/openai-server.ts';
import { differences, type Outcome, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
beforeAll(async () => {
  world = await ChaosWorld.start();
}, 180_000);
afterAll(() => world?.stop());

/** Twenty GRPO steps against an endpoint that fails at random, in a home of their own. */
async function train(rate: number): Promise<{ outcome: Outcome; account: ReturnType<OpenAiServer['account']> }> {
  const server = await startOpenAiServer();
  try {
    if (rate > 0) server.failRandomly({ rate, seed: 7 });
    const { config, overrides } = matrixExperiment(server.baseUrl);
    const played = await world.play(`rate-${rate}`, {
      config,
      overrides: { ...overrides, 'grpo.steps': 20, 'judge.concurrency': 8, 'benchmark.everySteps': 0 },
    });
    return { outcome: await outcomeOf(played), account: server.account() };
  } finally {
    await server.close();
  }
}

describe('a judge that fails at random', () => {
  it('changes nothing in 20 GRPO steps: same weights, every question answered once', async () => {
    const calm = await train(0);
    for (const rate of [0.05, 0.3]) {
      const { outcome, account } = await train(rate);
      console.info(
        `${100 * rate} % faults: ${account.asked} requests for ${account.questions} questions, ` +
          `${account.duplicates} paid twice, ${account.unanswered} lost, weights ${outcome.weights.slice(0, 12)}`,
      );
      expect(account.asked).toBeGreaterThan(account.questions);
      expect(account).toMatchObject({ questions: calm.account.questions, duplicates: 0, unanswered: 0 });
      expect(differences(calm.outcome, outcome)).toEqual([]);
    }
  }, 600_000);
});
