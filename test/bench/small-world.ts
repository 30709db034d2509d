import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Difference, HeldOutDetails, heldOutDifferences } from '../../benchmarks/held-out.ts';
import { findInstallation } from '../../cli/installation.ts';
import type { FinishedRun } from '../../cli/run/run-experiment.ts';
import type { ArtifactRef } from '../../core/artifact-ref.ts';
import { torchEnvironment } from '../../scripts/torch/torch-environment.ts';
import { vllmEnvironment } from '../../scripts/torch/vllm-environment.ts';
import { RealVllm } from '../vllm/real-server.ts';
import { untiedModel } from '../vllm/untied-model.ts';

/**
 * `npm run bench:small-world`: 20 steps of the quickstart by the embedded engine, and by the torch engine with rollouts
 * and captions by a real vLLM, on the CPU. Prints event F1 on the held-out scenes, before and after, as Markdown.
 * Options are those of `videocap run`, such as `--set dataset.seed=8`, and go to both runs.
 *
 * The torch run has a copy of the model whose head is a tensor of its own: on the CPU, vLLM 0.32 does not reload a head
 * that is the embeddings.
 */
const STEPS = 20;
/** Scenes that nothing was tuned on, as in the README's results. */
const OVERRIDES = [`algorithm.steps=${STEPS}`, `benchmark.everySteps=${STEPS}`, 'dataset.seed=7'];

const { repository } = findInstallation();
const home = await mkdtemp(join(tmpdir(), 'videocap-small-world-'));
const env = { ...process.env, VIDEOCAP_HOME: home };

async function videocap(...args: string[]): Promise<string> {
  const command = [join(repository, 'cli', 'videocap.mjs'), ...args];
  return (await promisify(execFile)(process.execPath, command, { env, maxBuffer: 1e8 })).stdout;
}

/** One run to its end, as a row of the table. */
async function rowOf(title: string, engine: string, more: string[]): Promise<string> {
  const overrides = [...OVERRIDES, `policy.engine=${engine}`, ...more].flatMap((one) => ['--set', one]);
  const begun = performance.now();
  const output = await videocap('run', 'quickstart', '--json', ...overrides, ...process.argv.slice(2));
  const seconds = (performance.now() - begun) / 1000;
  const { base, trained } = (JSON.parse(output) as FinishedRun).summary;
  const [before, after] = await Promise.all([clipsOf(base.details), clipsOf(trained.details)]);
  const difference = heldOutDifferences(before, after).eventF1!;
  const [from, to] = [base.metrics.eventF1!, trained.metrics.eventF1!].map(points);
  return `| ${title} | ${from} | ${to} | ${interval(difference)} | ${after.length} | ${seconds.toFixed(0)} s |`;
}

async function clipsOf({ uri }: ArtifactRef) {
  const text = await readFile(join(home, 'store', uri.slice('store:'.length)), 'utf8');
  return HeldOutDetails.parse(JSON.parse(text)).clips;
}

/** Metrics are in points, 0-100. */
const points = (value: number) => value.toFixed(1);
const signed = (value: number) => `${value < 0 ? '' : '+'}${points(value)}`;
const interval = ({ difference, low, high }: Difference) => `${signed(difference)} (${signed(low)} to ${signed(high)})`;

await torchEnvironment();
await vllmEnvironment();
const models = join(home, 'models');
await mkdir(models);
const untied = await untiedModel(join(models, 'tiny-untied'));
const server = await RealVllm.start(untied, {});
try {
  await writeFile(join(home, 'allowed.yaml'), `rolloutServers: ["${server.url}"]\n`);
  const torch =
    '{kind: torch, dtype: float32, freezeVision: false, gradientCheckpointing: false, ' +
    `rollout: {kind: vllm, servers: ["${server.url}"]}}`;
  console.log('| engine | base | after 20 steps | difference (95 % paired interval) | scenes | run |');
  console.log('|---|---|---|---|---|---|');
  console.log(await rowOf('`torch`, rollouts by vLLM', torch, [`policy.model=${untied}`]));
  console.log(await rowOf('`onnx`', '{kind: onnx, threads: 2}', []));
} finally {
  await server.kill();
  await videocap('down').catch(() => undefined);
  await rm(home, { recursive: true, force: true });
}
