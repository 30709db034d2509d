import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatasetActivities } from '../../../activities/dataset.ts';
import type { RunSummary } from '../../../contracts/run-results.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { DatasetConfig } from '../../../datasets/dataset-config.ts';
import { startTemporal } from '../../integration/temporal-server.ts';
import { runScripted } from '../../integration/workflows/run-scripted.ts';
import { scriptedStages } from '../../integration/workflows/scripted-stages.ts';
import { timesAsFastAs } from '../goal.ts';
import type { Row } from '../row.ts';
import { makeTestVideo, SHORT } from './test-videos.ts';

const SAMPLES = [100, 1000, 10_000] as const;
const STEPS = [10, 100, 1000] as const;
/** "Linear within 10 %": a piece of ten times the work takes no longer than a piece of the work. */
const LINEAR = 0.9;

/** A piece of larger work against a piece of smaller work. */
export const growth: Row[] = [
  ...SAMPLES.slice(1).map(
    (count, i): Row => ({
      name: `growth-samples-${count}`,
      title: `growth: a sample of ${count.toLocaleString('en')}`,
      unit: 'ms',
      work: `The stage that prepares a data set of ${count} entries of a jsonl file, in milliseconds an entry.`,
      goals: [timesAsFastAs(`of ${SAMPLES[i]}`, LINEAR)],
      minutes: count > 1000 ? 4 : 1,
      open: () => openSamples(count, SAMPLES[i]!),
    }),
  ),
  ...STEPS.slice(1).map(
    (count, i): Row => ({
      name: `growth-steps-${count}`,
      title: `growth: a step of ${count.toLocaleString('en')}`,
      unit: 'ms',
      work:
        `A run of ${count} steps on a real Temporal server whose stages answer at once, in milliseconds a step; its ` +
        'worker, and the stages that a test scripts, are in the process that measures.',
      goals: [timesAsFastAs(`of ${STEPS[i]}`, LINEAR)],
      minutes: count > 100 ? 12 : 2,
      ...(count > 100 && { repeats: 3 }),
      open: () => openSteps(count, STEPS[i]!),
    }),
  ),
];

async function openSamples(count: number, fewer: number) {
  const folder = await mkdtemp(join(tmpdir(), 'videocap-bench-growth-'));
  const video = await makeTestVideo(folder, SHORT);
  const other = await makeTestVideo(folder, { ...SHORT, width: 160, height: 120 });
  let stores = 0;
  const memory: number[] = [];
  const prepare = async (samples: number) => {
    const train = join(folder, `train-${samples}.jsonl`);
    const entry = (i: number) => JSON.stringify({ id: `s${i}`, video, caption: `Picture ${i} moves.` });
    await writeFile(train, `${Array.from({ length: samples }, (_, i) => entry(i)).join('\n')}\n`);
    const heldOut = join(folder, 'held-out.jsonl');
    await writeFile(heldOut, `${JSON.stringify({ id: 'h', video: other, caption: 'It stops.' })}\n`);
    const store = new ArtifactStore(join(folder, `store-${++stores}`));
    const { prepareDataset } = createDatasetActivities({ store });
    const begun = performance.now();
    await prepareDataset({
      runKey: `growth-${stores}`,
      dataset: DatasetConfig.parse({ kind: 'jsonl', train, heldOut }),
    } as never);
    memory.push(process.memoryUsage().rss);
    return (performance.now() - begun) / samples;
  };
  return {
    own: () => prepare(count),
    peers: [{ name: `of ${fewer}`, run: () => prepare(fewer) }],
    notes: () => [`At most ${gigabytes(Math.max(...memory))} in memory.`],
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function openSteps(count: number, fewer: number) {
  const environment = await startTemporal();
  const memory = { few: [] as number[], many: [] as number[] };
  const run = async (steps: number) => {
    const begun = performance.now();
    const overrides = { 'algorithm.steps': steps };
    const summary = await runScripted<RunSummary>(environment, 'trainingRun', [{ overrides }], scriptedStages([]));
    if (summary.steps !== steps) throw new Error(`The run ended after ${summary.steps} of ${steps} steps.`);
    globalThis.gc?.();
    memory[steps === count ? 'many' : 'few'].push(process.memoryUsage().rss);
    return (performance.now() - begun) / steps;
  };
  return {
    own: () => run(count),
    peers: [{ name: `of ${fewer}`, run: () => run(fewer) }],
    notes: () => [
      `The worker has ${gigabytes(memory.many.at(-1)!)} in memory after a run of ${count} steps, and ` +
        `${gigabytes(memory.few.at(-1)!)} after one of ${fewer}.`,
    ],
    close: () => environment.teardown(),
  };
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
