import { statfs } from 'node:fs/promises';
import { freemem, totalmem } from 'node:os';
import type { Gpu } from './gpus.ts';

/** What is so at one moment; in bytes. */
export interface Levels {
  memory: { used: number; all: number };
  /** Of this process alone. */
  worker: number;
  /** Of the disk with the installation's folder. Absent while there is no such folder. */
  disk?: { used: number; available: number } | undefined;
  gpus: readonly Gpu[];
}

/** @param home the installation's folder. */
export async function readLevels(home: string, readGpus: () => Promise<Gpu[]>): Promise<Levels> {
  const [disk, gpus] = await Promise.all([readDisk(home), readGpus()]);
  const all = totalmem();
  return { memory: { used: all - freemem(), all }, worker: process.memoryUsage.rss(), disk, gpus };
}

async function readDisk(folder: string): Promise<Levels['disk']> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(folder);
    return { used: (blocks - bfree) * bsize, available: bavail * bsize };
  } catch {
    return undefined;
  }
}
