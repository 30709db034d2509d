import { execFile } from 'node:child_process';
import { mkdir, statfs } from 'node:fs/promises';
import { promisify } from 'node:util';
import { VideocapError } from '../../core/errors.ts';
import { torchEnvironment } from '../../policy/torch/torch-environment.ts';
import { embeddingModelFolder } from '../../rewards/think/installed-model.ts';
import { findFfmpeg } from '../../video/ffmpeg-binary.ts';
import { hasEmbeddingModel } from '../setup/install-embedding-model.ts';
import type { Check } from './check.ts';

const run = promisify(execFile);
/** Bytes. Frames, checkpoints of a small model and logs of a first run fit into it. */
const LEAST_FREE = 2e9;
/** Importing torch takes tens of seconds from a cold disk. */
const TORCH_SECONDS = 120;

/**
 * What a host itself needs for the queues that it serves.
 * @param isNamed whether its queues were named: one that serves all of them may do without the torch engine.
 */
export function hostChecks(home: string, serves: (queue: string) => boolean, isNamed: boolean): Check[] {
  const computes = serves('policy-torch');
  return [
    { name: 'disk', run: () => diskSpace(home) },
    ...(serves('media') ? [{ name: 'ffmpeg', run: ffmpeg }] : []),
    ...(serves('judge') ? [{ name: 'embeddings', run: () => embeddingModel(home), optional: true }] : []),
    ...(serves('policy-onnx') ? [{ name: 'onnx engine', run: onnxEngine }] : []),
    ...(computes
      ? [
          { name: 'torch engine', run: torchEngine, optional: !isNamed, seconds: TORCH_SECONDS },
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
  try {
    const { env } = await import('onnxruntime-node');
    return `onnxruntime ${env.versions.node}`;
  } catch (error) {
    throw new VideocapError(
      'MissingTool',
      `onnxruntime-node does not load (${(error as Error).message.split('\n')[0]}); run: npm ci`,
    );
  }
}

/** By the files' sizes; workers check their hashes. */
async function embeddingModel(home: string): Promise<string> {
  if (await hasEmbeddingModel(home)) return 'installed';
  throw new VideocapError(
    'MissingTool',
    `${embeddingModelFolder(home)} has none, which rewards by similarity of sentences need; run: videocap setup ` +
      '--worker',
  );
}

async function torchEngine(): Promise<string> {
  const { python } = torchEnvironment();
  const asked = 'import torch, transformers; print(torch.__version__, "transformers", transformers.__version__)';
  try {
    const { stdout } = await run(python, ['-c', asked], { timeout: 1000 * TORCH_SECONDS });
    return `torch ${stdout.trim()}`;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const line = (stderr.trim() || message.trim()).split('\n').at(-1);
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
