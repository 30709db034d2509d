import { timesAsFastAs } from '../goal.ts';
import { JudgeProcess } from '../judge-process.ts';
import type { Row } from '../row.ts';
import { BenchWorld } from '../world.ts';

const CLIPS = 16;
const LATENCY = 0.25;
const CALLS = 'questions that the second arm asked';

/** What a second arm of a sweep does of what the first has done: the benchmark of the policy that both start from. */
export const secondArm: Row = {
  name: 'second-arm',
  title: 'second sweep arm: base benchmark',
  unit: 's',
  work:
    `The benchmark of the start policy on ${CLIPS} held-out clips, with a judge that answers after ${LATENCY} s: of ` +
    'an arm with another `beta`, after the first arm has had it.',
  goals: [
    timesAsFastAs('the first arm', 20),
    {
      text: '0 calls of the judge',
      isMet: ({ peers }) => {
        const calls = peers.find(({ name }) => name === CALLS);
        return calls && 'median' in calls ? calls.median === 0 : undefined;
      },
    },
  ],
  minutes: 4,
  async open() {
    const judge = await JudgeProcess.start(LATENCY);
    const world = await BenchWorld.start({ BENCH_JUDGE_KEY: 'none' });
    let seed = 0;
    let first = 0;
    let calls = 0;
    const benchmark = async (name: string, beta: number) => {
      const begun = performance.now();
      await world.benchmark({
        ...{ name, 'algorithm.beta': beta, 'dataset.seed': seed, 'dataset.trainSamples': 1 },
        ...{ 'dataset.heldOutSamples': CLIPS, 'judge.kind': 'llm', 'judge.model': 'm' },
        ...{ 'judge.baseUrl': judge.baseUrl, 'judge.apiKeyEnv': 'BENCH_JUDGE_KEY', 'judge.concurrency': 8 },
      });
      return (performance.now() - begun) / 1000;
    };
    return {
      async own() {
        seed += 1;
        first = await benchmark('first-arm', 0.04);
        const before = (await judge.account()).answered;
        const second = await benchmark('second-arm', 0);
        calls = (await judge.account()).answered - before;
        return second;
      },
      peers: [
        { name: 'the first arm', run: async () => first, derived: true },
        { name: CALLS, run: async () => calls, derived: true },
      ],
      async close() {
        await world.stop();
        judge.close();
      },
    };
  },
};
