import { PythonPeer } from '../python-peer.ts';
import type { Floor } from '../row.ts';
import { type Gemm, operations } from './gemms.ts';

/** Threads of every side. */
export const THREADS = 2;

let measuring: Promise<PythonPeer> | undefined;

/**
 * Seconds that matrix products take by themselves on this machine: each shape is measured with PyTorch's GEMM (oneMKL)
 * in one pool of threads.
 */
export async function gemmSeconds(gemms: readonly Gemm[]): Promise<number> {
  measuring ??= PythonPeer.start('gemm', { threads: THREADS });
  const { seconds } = (await (await measuring).ask({ gemms })) as { seconds: number };
  return seconds;
}

/** The same as the floor of a row, in seconds, or why it could not be measured. */
export async function gemmFloor(gemms: readonly Gemm[]): Promise<Floor | { missing: string }> {
  try {
    const value = await gemmSeconds(gemms);
    const work = operations(gemms) / 1e9;
    const rate = work / value;
    return { value, of: `${work.toFixed(1)} GFLOP of matrix products at ${rate.toFixed(0)} GFLOP/s, measured` };
  } catch (error) {
    return { missing: (error as Error).message };
  }
}

/** Ends what measures. */
export async function closeGemm(): Promise<void> {
  const peer = await measuring?.catch(() => undefined);
  measuring = undefined;
  await peer?.close();
}
