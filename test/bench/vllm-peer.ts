import { join } from 'node:path';
import { vllmEnvironment } from '../../scripts/torch/vllm-environment.ts';
import { PythonPeer } from './python-peer.ts';

/** vLLM on the CPU as a peer, in `.venv-vllm`, which is installed first where it is missing. */
export async function startVllm(module: string, options: { threads: number }): Promise<PythonPeer> {
  const environment = await vllmEnvironment();
  return PythonPeer.start(module, options, {
    environment,
    env: {
      LD_PRELOAD: join(environment.folder, 'lib', 'libiomp5.so'),
      OMP_NUM_THREADS: String(options.threads),
      ...{ VLLM_CPU_OMP_THREADS_BIND: 'nobind', VLLM_CPU_KVCACHE_SPACE: '1', VLLM_ENABLE_V1_MULTIPROCESSING: '0' },
      ...{ VLLM_NO_USAGE_STATS: '1', DO_NOT_TRACK: '1', VLLM_LOGGING_LEVEL: 'ERROR' },
    },
  });
}
