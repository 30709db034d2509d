import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Runtime } from '@temporalio/worker';
import { ExperimentConfig } from '../../configs/schema.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { mean } from '../../core/statistics.ts';
import { createLlmClient } from '../../judge/create-judge.ts';
import { JudgeConfig, type LlmJudgeConfig } from '../../judge/judge-config.ts';
import { eventEntailment } from '../../judge/questions/event-entailment.ts';
import { startTemporal } from '../integration/temporal-server.ts';
import { runScripted } from '../integration/workflows/run-scripted.ts';
import { ref, scriptedStages, usage } from '../integration/workflows/scripted-stages.ts';
import { scriptedRef } from '../integration/workflows/scripted-store.ts';

/**
 * What `algorithm.samplesPerPart` gains: seconds of a step of 8 samples x 8 completions up to its update. Workflow,
 * Temporal server and the judge's client with its ledger are the real ones; the judge is a server that answers after a
 * latency, and the engine a timer of 0.25 s a sample, so that other work on the machine changes little. Prints a row
 * for each latency and concurrency, as Markdown: medians of interleaved steps. `npm run bench:parts [repetitions]`.
 */
const [SAMPLES, GROUP, SECONDS_PER_SAMPLE] = [8, 8, 0.25];
const PARTS = [undefined, 4, 2];
const repetitions = Number(process.argv[2] ?? 5);

Runtime.install({ logger: { ...console, log: () => {}, trace: () => {}, debug: () => {}, info: () => {} } });
const home = await mkdtemp(join(tmpdir(), 'videocap-bench-'));
const environment = await startTemporal();
const servers: ReturnType<typeof fork>[] = [];
let runs = 0;

async function judgeServer(latencySeconds: number): Promise<string> {
  const server = fork(fileURLToPath(new URL('judge-server.ts', import.meta.url)), [String(1000 * latencySeconds)]);
  servers.push(server);
  return ((await once(server, 'message')) as [string])[0];
}

/** Seconds of one step from its first rollout to its last score. */
async function secondsOf(baseUrl: string, concurrency: number, samplesPerPart: number | undefined): Promise<number> {
  const judge = JudgeConfig.parse({
    kind: 'llm',
    model: 'm',
    baseUrl,
    apiKeyEnv: 'KEY',
    concurrency,
  }) as LlmJudgeConfig;
  const run = ++runs;
  const times = { begun: 0, ended: 0 };
  const grid = (count: number) =>
    Array.from({ length: count }, () => Array.from({ length: GROUP }, () => ({ value: 1 })));
  const sizes = new Map<number, number>();
  const stages = scriptedStages([], {
    resolveConfig: () => ({
      config: ExperimentConfig.parse({
        algorithm: { steps: 1, samplesPerStep: SAMPLES, samplesPerPart },
        sampling: { groupSize: GROUP },
        judge,
      }),
    }),
    prepareDataset: () => ({ manifest: ref('manifest'), digest: 'd', train: 64, heldOut: 2, quarantined: 0 }),
    rolloutGroups: async ({ part, samples: { count } = { count: SAMPLES } }) => {
      times.begun ||= performance.now();
      sizes.set(part, count);
      await sleep(1000 * SECONDS_PER_SAMPLE * count);
      const completions = count * GROUP;
      return {
        rollout: ref(`rollout-${part}`),
        completions,
        tokens: completions,
        meanLength: 1,
        truncated: 0,
        seconds: 1,
      };
    },
    scoreCompletions: ({ part }) => ({
      scores: scriptedRef({ format: grid(sizes.get(part)!), think: grid(sizes.get(part)!) }),
      seconds: 1,
    }),
    judgeCompletions: async ({ part }) => {
      const count = sizes.get(part)!;
      const place = `runs/bench-${run}/part-${part}`;
      const client = createLlmClient(judge, { store: new ArtifactStore(home), place, env: { KEY: 'none' } });
      const questions = Array.from({ length: count * GROUP }, (_, i) =>
        client.ask(eventEntailment(`A dog runs past in video ${run}, ${part}, ${i}.`, ['the dog runs past'])),
      );
      const answers = await Promise.all(questions);
      if (!answers.every((outcome) => 'answer' in outcome)) throw new Error('A question was not answered.');
      times.ended = performance.now();
      return {
        scores: scriptedRef({ caption: grid(count) }),
        ...{ verdicts: ref('verdicts'), usage: usage(count * GROUP), seconds: 1 },
      };
    },
  });
  await runScripted(environment, 'trainingRun', [{}], stages);
  return (times.ended - times.begun) / 1000;
}

const median = (values: readonly number[]) => {
  const sorted = values.toSorted((a, b) => a - b);
  return mean([sorted[Math.floor((sorted.length - 1) / 2)]!, sorted[Math.ceil((sorted.length - 1) / 2)]!]);
};

try {
  console.log(
    `| latency | concurrency | one part | ${PARTS.slice(1)
      .map((size) => `parts of ${size}`)
      .join(' | ')} |`,
  );
  console.log(
    `|---|---|---|${PARTS.slice(1)
      .map(() => '---|')
      .join('')}`,
  );
  for (const latency of [0.25, 1]) {
    const baseUrl = await judgeServer(latency);
    for (const concurrency of [8, 32]) {
      await secondsOf(baseUrl, concurrency, undefined); // what runs for the first time is slow
      const found = PARTS.map((): number[] => []);
      for (let i = 0; i < repetitions; i++)
        for (const [p, size] of PARTS.entries()) found[p]!.push(await secondsOf(baseUrl, concurrency, size));
      const [one, ...others] = found.map(median) as [number, ...number[]];
      const cells = others.map((seconds) => `${seconds.toFixed(1)} s (${(one / seconds).toFixed(2)}x)`);
      console.log(`| ${latency} s | ${concurrency} | ${one.toFixed(1)} s | ${cells.join(' | ')} |`);
    }
  }
} finally {
  for (const server of servers) server.disconnect();
  await environment.teardown();
  await rm(home, { recursive: true });
}
