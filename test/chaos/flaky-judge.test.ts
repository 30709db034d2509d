import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SILENCES } from '../servers/openai-faults.ts';
import { startOpenAiServer } from '../servers/openai-server.ts';
import { differences, type Outcome, outcomeOf } from './matrix/compare.ts';
import { matrixExperiment } from './matrix/experiment.ts';
import { ChaosWorld } from './matrix/world.ts';

let world: ChaosWorld;
beforeAll(async () => {
  world = await ChaosWorld.start();
}, 180_000);
afterAll(() => world?.stop());

/** How an endpoint misbehaves. */
interface Faults {
  /** Share of requests that fail at random. */
  rate: number;
  /** Share of questions whose first answer is unusable: prose, empty, cut off, a verdict too few. */
  unusable?: number;
  /** Whether the first three requests are not answered at all: one hangs, one stops in its middle, one drips. */
  silent?: boolean;
}

const HARSH: readonly Faults[] = [{ rate: 0.05 }, { rate: 0.3, unusable: 0.2, silent: true }];

/** Twenty GRPO steps against an endpoint with these faults, in a home of their own. */
async function train({ rate, unusable = 0, silent = false }: Faults) {
  const server = await startOpenAiServer();
  try {
    if (silent) server.failNext(...SILENCES);
    server.failRandomly({ rate, unusable, seed: 7 });
    const { config, overrides } = matrixExperiment(server.baseUrl);
    const many = { 'algorithm.steps': 20, 'algorithm.iterations': 1, 'benchmark.everySteps': 0 };
    // All questions of a batch wait for the silent requests together; the timeout is long enough for a busy machine.
    const judge = { 'judge.concurrency': 8, 'judge.timeoutSeconds': 12 };
    const experiment = { config, overrides: { ...overrides, ...many, ...judge } };
    const played = await world.play(`rate-${rate}`, experiment, { longestSeconds: 400 });
    return { outcome: await outcomeOf(played), account: server.account() };
  } finally {
    await server.close();
  }
}

/** An answer that had to be asked for once more took tokens twice, and nothing else. */
const withoutTokens = (outcome: Outcome): Outcome => ({
  ...outcome,
  series: outcome.series.map((metrics) =>
    Object.fromEntries(Object.entries(metrics).filter(([name]) => !TOKENS.test(name))),
  ),
  points: outcome.points.filter((point) => !TOKENS.test(point)),
});
const TOKENS = /^judge\/(input|output)Tokens\b/;

describe('a judge that fails at random', () => {
  it('changes nothing in 20 GRPO steps: same weights, every question answered once', async () => {
    const calm = await train({ rate: 0 });
    expect(calm.account).toMatchObject({ unusable: 0, duplicates: 0, unanswered: 0 });
    for (const faults of HARSH) {
      const { outcome, account } = await train(faults);
      console.info(
        `${100 * faults.rate} % faults: ${account.asked} requests for ${account.questions} questions, ` +
          `${account.unusable} unusable answers, ${account.duplicates} paid twice, ${account.unanswered} lost, ` +
          `weights ${outcome.weights.slice(0, 12)}`,
      );
      expect(account.asked).toBeGreaterThan(account.questions);
      expect(account).toMatchObject({ questions: calm.account.questions, duplicates: 0, unanswered: 0 });
      if (faults.unusable === undefined) expect(differences(calm.outcome, outcome)).toEqual([]);
      else {
        expect(account.unusable).toBeGreaterThan(10);
        expect(differences(withoutTokens(calm.outcome), withoutTokens(outcome))).toEqual([]);
      }
    }
  }, 1_300_000);
});
