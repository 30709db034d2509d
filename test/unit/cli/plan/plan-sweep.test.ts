import { expect, test } from 'vitest';
import { estimateLines, planSweep } from '../../../../cli/plan/plan-sweep.ts';
import { parseSweep, readSweep } from '../../../../configs/load-sweep.ts';

const HEAD = 'name: my\nconfig: quickstart\nreference: grpo\nseeds: [1, 2]\n';
const planned = (text: string) => planSweep(parseSweep({ name: 'my.yaml', text: `${HEAD}${text}` }), 'my.yaml');

test('the sweep that ships is counted, and asks no language model', async () => {
  const estimate = await planSweep(parseSweep(await readSweep('sft-vs-grpo')), 'sft-vs-grpo');
  // Base has one seed, SFT and GRPO five, ten other arms three; in three conditions.
  expect(estimate.runs).toBe(3 * (1 + 2 * 5 + 10 * 3));
  expect(estimateLines(estimate).join('\n')).toMatch(/Sweep sft-vs-grpo: 123 runs.*No arm asks a language model/s);
});

test('of arms that ask one: questions and cost of all their seeds', async () => {
  const judge = '{ kind: llm, model: m, price: { inputPerMillion: 1, outputPerMillion: 2 } }';
  const { arms, calls, cost } = await planned(
    `set: { judge: ${judge}, benchmark.everySteps: 0, dataset.heldOutSamples: 50 }\n` +
      'arms: { grpo: {}, one: { seeds: [1] } }\n',
  );
  expect(arms.map(({ arm, seeds }) => [arm, seeds.length])).toEqual([
    ['grpo', 2],
    ['one', 1],
  ]);
  expect(arms[0]!.calls).toBe(2 * arms[1]!.calls);
  expect(calls).toBe(3 * arms[1]!.calls);
  expect(cost).toBeCloseTo(3 * arms[1]!.cost!, 9);
  expect(cost).toBeGreaterThan(0);
});

test('an arm may start from another arm, or from a run that is not here', async () => {
  const { runs } = await planned(
    "arms: { grpo: {}, on: { after: grpo }, from: { set: { policy.model: 'run:other@2' } } }\n",
  );
  expect(runs).toBe(6);
});
