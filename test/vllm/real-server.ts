import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { serveCommand } from '../../policy/torch/vllm/serve-command.ts';

const ENVIRONMENT = fileURLToPath(new URL('../../.venv-vllm', import.meta.url));
/** Milliseconds that a start may take: vLLM imports for a minute on an idle core, and for many on a busy one. */
const START = 900_000;

/** A server of the real vLLM, on the CPU. */
export class RealVllm {
  readonly url: string;
  readonly #process: ChildProcess;

  /** Resolves once it answers. @param lora with adapters, else for whole weights. */
  static async start(model: string, options: { lora?: { rank: number; alpha: number }; port?: number }) {
    const port = options.port ?? (await freePort());
    const server = new RealVllm(model, port, options.lora);
    await server.#ready();
    return server;
  }

  private constructor(model: string, port: number, lora: { rank: number; alpha: number } | undefined) {
    this.url = `http://127.0.0.1:${port}`;
    const frames = { minPixels: 784, maxPixels: 100_352 };
    const { env, args } = serveCommand(model, { dtype: 'float32', ...(lora && { lora }), frames, port });
    const log = openSync(this.#log, 'w');
    this.#process = spawn(
      join(ENVIRONMENT, 'bin', 'vllm'),
      // A prompt in parts ends vLLM 0.32 on the CPU: it sets the seed's generator back, which it cannot do there.
      [...args, '--enforce-eager', '--no-enable-chunked-prefill', '--max-model-len', '1024', '--max-num-seqs', '16'],
      {
        env: {
          ...{ PATH: process.env.PATH, HOME: process.env.HOME, ...env },
          ...{ LD_PRELOAD: join(ENVIRONMENT, 'lib', 'libiomp5.so'), OMP_NUM_THREADS: '1' },
          ...{ VLLM_CPU_OMP_THREADS_BIND: 'nobind', VLLM_CPU_KVCACHE_SPACE: '1' },
          // The model in the engine's process, not in one more: a third of a start is the import of vLLM in each.
          ...{ VLLM_ENABLE_V1_MULTIPROCESSING: '0' },
          ...{ HF_HUB_OFFLINE: '1', VLLM_NO_USAGE_STATS: '1', DO_NOT_TRACK: '1' },
        },
        stdio: ['ignore', log, log],
        detached: true, // a process group of its own: the engine is a second process
      },
    );
    closeSync(log);
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get #log(): string {
    return join(tmpdir(), `videocap-vllm-${new URL(this.url).port}.log`);
  }

  async post(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(this.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path}: status ${response.status}: ${await response.text()}`);
  }

  /** Ends all its processes at once. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    process.kill(-this.#process.pid!, 'SIGKILL');
    await ended;
  }

  async #ready(): Promise<void> {
    const until = Date.now() + START;
    for (;;) {
      const response = await fetch(`${this.url}/health`).catch(() => undefined);
      if (response?.ok) return;
      const ended = this.#process.exitCode !== null || this.#process.signalCode !== null;
      if (ended || Date.now() > until) {
        await this.kill();
        throw new Error(`vLLM does not start: ${readFileSync(this.#log, 'utf8').slice(-3000)}`);
      }
      await setTimeout(500);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
