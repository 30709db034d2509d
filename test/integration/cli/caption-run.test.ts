import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRecordActivities } from '../../../activities/record.ts';
import { ExperimentConfig } from '../../../configs/schema.ts';
import { ArtifactStore } from '../../../core/artifact-store.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { openModelFolder } from '../../../policy/onnx/model/model-folder.ts';
import { naming } from '../../refusal.ts';
import { makeVideo } from '../video/make-video.ts';

const CLI = fileURLToPath(new URL('../../../cli/videocap.mjs', import.meta.url));
const runKey = 'sft-0a1b2c3d';
let home: string;
/** A run of no step, on the tiny model, that asks for plain captions of few tokens. */
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'videocap-caption-run-'));
  await makeVideo(join(home, 'clip.mp4'), { frames: 8 });
  const store = new ArtifactStore(join(home, 'store'));
  const bytes = await readFile(join(openModelFolder('tiny').path, 'model.safetensors'));
  const policy = {
    model: 'tiny',
    step: 0,
    weights: await store.put(keyOf('checkpointWeights', { runKey, step: 0 }), bytes),
  };
  const settings = {
    algorithm: { kind: 'sft' },
    prompt: { output: 'plain' },
    reward: { think: { weight: 0 } },
    benchmark: { maxNewTokens: 5 },
  };
  await createRecordActivities({ store }).recordStep({
    runKey,
    record: { step: 0, time: 1, metrics: {} },
    progress: {
      ...{ config: ExperimentConfig.parse(settings), startTime: 1, step: 0, reference: policy, policy },
      ...{ evaluations: [], spent: { usd: 0, calls: 0 }, limits: {}, lastMetrics: {}, mirroredStep: -1 },
    },
  });
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function caption(...args: string[]) {
  const child = spawn(process.execPath, [CLI, 'caption', 'run:sft', join(home, 'clip.mp4'), ...args], {
    env: { ...process.env, VIDEOCAP_HOME: home },
  });
  const said = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    said.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    said.stderr += chunk;
  });
  return { code: await new Promise((resolve) => child.once('close', resolve)), ...said };
}

test("a run's checkpoint captions as the run trained it, and the command prints that it does", async () => {
  const { code, stdout, stderr } = await caption();
  expect({ code, stderr }).toEqual({ code: 0, stderr: naming('prompt', `run:${runKey}@0`) });
  // Five tokens are a plain caption; in quickstart's form they are none.
  expect(stdout).not.toContain('gave no caption');
  expect((await caption('--config', 'quickstart', '--set', 'benchmark.maxNewTokens=5')).stdout).toContain(
    'gave no caption',
  );
});
