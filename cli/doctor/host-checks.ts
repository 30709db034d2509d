import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { VideocapError } from '../../core/errors.ts';
import { torchEnvironment } from '../../policy/torch/torch-environment.ts';
import { findFfmpeg } from '../../video/ffmpeg-binary.ts';
import type { Check } from './check.ts';

const run = promisify(execFile);
/** Bytes. Frames, checkpoints of a small model and logs of a first run fit into it. */
const LEAST_FREE = 2e9;
/** Importing torch takes tens of seconds from a cold disk. */
const TORCH_MILLISECONDS = 120_000;

/** What a host itself needs for the queues that it serves. */
export function hostChecks(home: string, serves: (queue: string) => boolean): Check[] {
  const computes = serves('policy-torch');
  return [
    { name: 'disk', run: () => diskSpace(home) },
    ...(serves('media') ? [{ name: 'ffmpeg', run: ffmpeg }] : []),
    ...(serves('policy-onnx') ? [{ name: 'onnx engine', run: onnxEngine }] : []),
    ...(computes
      ? [
          { name: 'torch engine', run: torchEngine, optional: true },
          { name: 'GPU', run: gpus, optional: true },
        ]
      : []),
  ];
}

async function diskSpace(home: string): Promise<string> {
  await mkdir(home, { recursive: true });
  const { bavail, bsize } = await statfs(home);
  const free = bavail * bsize;
  const found = `${(free / 1e9).toFixed(1)} GB free for ${home}`;
  if (free >= LEAST_FREE) return found;
  throw new VideocapError(
    'MissingTool',
    `${found}; free ${LEAST_FREE / 1e9} GB, or set VIDEOCAP_HOME to another disk.`,
  );
}

async function ffmpeg(): Promise<string> {
  const { path, version } = await findFfmpeg();
  return `${version} (${path})`;
}

async function onnxEngine(): Promise<string> {
  const { InferenceSession, env } = await import('onnxruntime-node');
  if (typeof InferenceSession.create !== 'function')
    throw new VideocapError('MissingTool', 'onnxruntime-node does not load; run: npm ci');
  return `onnxruntime ${env.versions.node}`;
}

async function torchEngine(): Promise<string> {
  const { python } = torchEnvironment();
  const asked = 'import torch, transformers; print(torch.__version__, "transformers", transformers.__version__)';
  try {
    const { stdout } = await run(python, ['-c', asked], { timeout: TORCH_MILLISECONDS });
    return `torch ${stdout.trim()}`;
  } catch (error) {
    const line = (error as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? (error as Error).message;
    throw new VideocapError('MissingTool', `${python} has no torch that loads (${line}); run: npm run setup:torch`);
  }
}

async function gpus(): Promise<string> {
  const query = ['--query-gpu=name,memory.total,driver_version', '--format=csv,noheader'];
  try {
    const { stdout } = await run('nvidia-smi', query, { timeout: 20_000 });
    return stdout.trim().split('\n').join('; ');
  } catch {
    throw new VideocapError(
      'MissingTool',
      'nvidia-smi finds none: the torch engine computes on the CPU. Install the driver, or give the container its ' +
        'GPUs.',
    );
  }
}
