import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endlessModel } from '../endless-model.ts';
import { THREADS } from '../floor/gemm-floor.ts';
import { type Goal, timesAsFastAs, timesTheFloor } from '../goal.ts';
import { JudgeProcess } from '../judge-process.ts';
import { median } from '../median.ts';
import { PythonPeer } from '../python-peer.ts';
import type { Row } from '../row.ts';
import { BenchWorld } from '../world.ts';
import { writeShown } from './shown.ts';
import { GROUP, playSteps, SAMPLES, secondsAStep } from './step-run.ts';

const TOKENS = 42;
const LATENCIES = [0.25, 1];
const CONCURRENCIES = [8, 32];
/** The first two steps of a run with a lag are sampled by the start policy, and the last has none ahead. */
const STEPS = 6;

/** The step with a judge that takes its time, which is asked while the engine samples the next step. */
export const judgedSteps: Row[] = LATENCIES.flatMap((latency) =>
  CONCURRENCIES.map((concurrency) => rowOf(latency, concurrency)),
);

function rowOf(latency: number, concurrency: number): Row {
  const questions = SAMPLES * GROUP;
  const judging = (questions * latency) / concurrency;
  const fast: Goal[] = latency === 0.25 && concurrency === 32 ? [timesAsFastAs('TRL', 2.5)] : [];
  return {
    name: `judged-step-${latency}-${concurrency}`,
    title: `GRPO step, ${TOKENS} tokens, judge ${latency} s, ${concurrency} at once`,
    unit: 's',
    work:
      `The GRPO step of ${TOKENS} tokens with a judge that answers each of ${questions} questions after ` +
      `${latency} s, ${concurrency} at once. Here with \`rolloutLag: 1\` over a real Temporal server, a real client, ` +
      'its ledger, and an endpoint in another process; TRL with its asynchronous reward path and a timer.',
    goals: [timesTheFloor(1.15), ...fast],
    minutes: latency === 1 && concurrency === 8 ? 7 : 5,
    async open() {
      const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-judged-'));
      const model = await endlessModel(join(folder, 'endless'));
      const shown = await writeShown(folder, model, SAMPLES);
      const judge = await JudgeProcess.start(latency);
      const world = await BenchWorld.start({ BENCH_JUDGE_KEY: 'none' });
      const opened: PythonPeer[] = [];
      const options = { model, shown: shown.file, group: GROUP, tokens: TOKENS, threads: THREADS };
      const asked = { ...options, judge: latency, concurrency };
      const trl = await PythonPeer.side('TRL', () => PythonPeer.start('trl_step', asked), opened);
      const computing: number[] = [];
      let seed = 1;
      return {
        async own() {
          const more = {
            ...{ 'algorithm.rolloutLag': 1, 'algorithm.steps': STEPS, 'dataset.trainSamples': SAMPLES * STEPS },
            // Another seed for each run: an answer that is in the ledger is not asked for again.
            ...{ seed: ++seed, 'reward.caption.weight': 1, 'reward.caption.variant': 'linear' },
            ...{ 'judge.kind': 'llm', 'judge.model': 'm', 'judge.baseUrl': judge.baseUrl },
            ...{ 'judge.apiKeyEnv': 'BENCH_JUDGE_KEY', 'judge.concurrency': concurrency },
          };
          const run = await playSteps(world, { model, tokens: TOKENS, more });
          for (const { metrics } of run.records.slice(2, -1))
            computing.push(metrics['time/rolloutSeconds']! + metrics['time/updateSeconds']!);
          return secondsAStep(run);
        },
        peers: [trl],
        floor: () => ({
          value: Math.max(judging, median(computing)),
          of:
            `the longer of the judge's own time, ${judging} s, and the engine's in these runs, ` +
            `${median(computing).toFixed(2)} s`,
        }),
        async close() {
          await Promise.all(opened.map((peer) => peer.close()));
          await world.stop();
          judge.close();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  };
}
