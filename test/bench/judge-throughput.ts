import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { createLlmClient } from '../../judge/create-judge.ts';
import { JudgeConfig, type LlmJudgeConfig } from '../../judge/judge-config.ts';
import { eventEntailment } from '../../judge/questions/event-entailment.ts';
import type { Account } from '../servers/openai-server.ts';

/**
 * How near a judge's throughput comes to what its endpoint allows: calls x latency / concurrency. A server in a process
 * of its own answers after 200 ms; distinct questions of ordinary length go through the whole way, ledger on disk
 * included, as a step asks them: all at once. `npm run bench:judge [calls] [concurrency]`. Ends with 1 below 90% of the
 * ideal, which is what two idle cores must reach.
 */
const LATENCY_SECONDS = 0.2;
const WANTED_SHARE = 0.9;
const EVENTS = Array.from({ length: 7 }, (_, i) => `the man in the red coat passes bridge ${i + 1}`);
const [calls = 1280, concurrency = 32] = process.argv.slice(2).map(Number);

const home = await mkdtemp(join(tmpdir(), 'videocap-bench-'));
const server = fork(fileURLToPath(new URL('judge-server.ts', import.meta.url)), [String(1000 * LATENCY_SECONDS)]);
try {
  const [baseUrl] = (await once(server, 'message')) as [string];
  const config = JudgeConfig.parse({ kind: 'llm', model: 'm', baseUrl, apiKeyEnv: 'KEY', concurrency });
  const store = new ArtifactStore(home);
  const client = (place: string) =>
    createLlmClient(config as LlmJudgeConfig, { store, place: `runs/bench/${place}`, env: { KEY: 'none' } });

  // Code that runs for the first time is slow; a run's first step pays for that once.
  await askAll(client('warm-up'), concurrency, 'warm-up');

  const before = process.cpuUsage();
  const first = client('step-000001');
  const seconds = await askAll(first, calls, 'step 1');
  const { user, system } = process.cpuUsage(before);
  const { p50, p95, max } = first.usage.latencySeconds;
  const ideal = (calls * LATENCY_SECONDS) / concurrency;

  const again = client('step-000002');
  const cached = await askAll(again, calls, 'step 1');

  server.send('account');
  const [account] = (await once(server, 'message')) as [Account];
  const share = ideal / seconds;
  const lines = {
    calls: `${first.usage.calls} at ${concurrency} at once`,
    'calls paid twice, lost': `${account.duplicates}, ${account.unanswered}`,
    'latency p50, p95, max': [p50, p95, max].map((value) => `${Math.round(1000 * value)} ms`).join(', '),
    seconds: `${seconds.toFixed(2)} (${((user + system) / 1e6).toFixed(2)} processor s)`,
    'ideal seconds': `${ideal.toFixed(2)} = ${calls} x ${LATENCY_SECONDS} s / ${concurrency}`,
    'share of ideal': `${(100 * share).toFixed(1)}%`,
    'known already': `${again.usage.cacheHits} answers from the ledger in ${cached.toFixed(2)} s`,
  };
  for (const [name, text] of Object.entries(lines)) console.log(`${name.padEnd(22)} ${text}`);
  if (share < WANTED_SHARE) process.exitCode = 1;
} finally {
  server.disconnect();
  await rm(home, { recursive: true });
}

/** Seconds until `count` distinct questions, all asked at once, have their answers. */
async function askAll(client: ReturnType<typeof createLlmClient>, count: number, name: string): Promise<number> {
  const started = performance.now();
  const outcomes = await Promise.all(
    Array.from({ length: count }, (_, i) => client.ask(eventEntailment(captionOf(`${name}, video ${i}`), EVENTS))),
  );
  const answered = outcomes.filter((outcome) => 'answer' in outcome).length;
  if (answered !== count) throw new Error(`Only ${answered} of ${count} questions were answered.`);
  return (performance.now() - started) / 1000;
}

/** 60 words and 7 events, as in DREAM-1K. */
function captionOf(name: string): string {
  return `In ${name}, ${'a man in a red coat walks along the river bank while '.repeat(5)}a dog barks.`;
}
