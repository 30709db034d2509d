import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { findInstallation } from '../../cli/installation.ts';
import { packageVersion } from '../../core/package-version.ts';
import { findFfmpeg } from '../../video/ffmpeg-binary.ts';

/** What the numbers were measured on, and with. */
export interface Machine {
  processor: string;
  cores: number;
  memoryGigabytes: number;
  system: string;
  /** Mean number of processes that computed or waited for a core in the minute before; 0 on a machine that is idle. */
  load: number;
  /** By package or program. */
  versions: Record<string, string>;
}

const PEERS = ['torch', 'transformers', 'trl', 'qwen-vl-utils', 'torchcodec', 'decord', 'sentence-transformers'];

export async function describeMachine(): Promise<Machine> {
  const requirements = join(findInstallation().repository, 'cli', 'setup', 'requirements', 'bench.in');
  const pinned = await readFile(requirements, 'utf8');
  const peers = PEERS.map((name) => [name, new RegExp(`^${name}==(.*)$`, 'm').exec(pinned)?.[1] ?? 'unknown']);
  return {
    processor: (cpus()[0]?.model ?? 'unknown').trim(),
    cores: availableParallelism(),
    memoryGigabytes: Math.round(totalmem() / 1e9),
    system: `${process.platform}-${process.arch} ${release()}`,
    load: loadavg()[0]!,
    versions: {
      node: process.version,
      'onnxruntime-node': await packageVersion('onnxruntime-node'),
      '@temporalio/worker': await packageVersion('@temporalio/worker'),
      ffmpeg: (await findFfmpeg()).version,
      ...Object.fromEntries(peers),
    },
  };
}
