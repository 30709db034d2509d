import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { basename, join } from 'node:path';
import { sha256 } from '../../core/sha256.ts';

/** The parts of a request to `/inference/v1/generate` that matter here. */
export interface AskedCompletion {
  model: string;
  token_ids: number[];
  content_parts: { type: string; url: string }[];
  cache_salt: string;
  sampling_params: Record<string, unknown> & { max_tokens: number; seed?: number; prompt_logprobs?: number };
}

type Json = Record<string, unknown>;
/** What a server does in place of answering well. It may change the answer, and send it or something else. */
export type VllmFault = (response: ServerResponse, answer: Json) => void;

export const faults = {
  status:
    (code: number, message = 'injected'): VllmFault =>
    (response) =>
      send(response, code, { error: { message, type: 'Injected', code } }),
  /** The connection breaks. */
  broken: ((response) => response.destroy()) satisfies VllmFault,
  garbage: ((response) => response.end('<html>')) satisfies VllmFault,
  /** Fields of the answer are others. */
  changed:
    (change: (answer: Json) => Json): VllmFault =>
    (response, answer) =>
      send(response, 200, change(answer)),
};

/** Log-probability of a token at a place under some weights: the stand-in of a model. */
export function logProbOf(weights: string, token: number, place: number): number {
  return -1 - (createHash('sha256').update(`${weights} ${token} ${place}`).digest().readUInt16BE() % 1000) / 1000;
}

/** What a video's placeholder becomes: `tokens` of them. */
export function expanded(ids: readonly number[], pad: number, tokens: number): number[] {
  return ids.flatMap((id) => (id === pad ? Array.from({ length: tokens }, () => pad) : [id]));
}

interface FakeOptions {
  /** The base model's weights. */
  base: string;
  pad: number;
  videoTokens: number;
  endToken: number;
  port?: number;
}

/**
 * A server with vLLM's HTTP interface (0.32) whose completions and log-probabilities are hashes of weights and places.
 * It does what a test tells it: fails, loses adapters, keeps old weights, or dies.
 */
export class FakeVllm {
  readonly completions: AskedCompletion[] = [];
  /** Paths of requests that change the server, in order. */
  readonly changes: string[] = [];
  /** Loads nothing, and answers as if it had. */
  keepsOldWeights = false;
  /** Added to every log-probability. */
  off = 0;
  port = 0;
  readonly #options: FakeOptions;
  readonly #adapters = new Map<string, string>();
  readonly #sockets = new Set<Socket>();
  readonly #faults: VllmFault[] = [];
  #server: Server;
  #weights: string;
  #version = 'default';

  static async start(options: FakeOptions): Promise<FakeVllm> {
    const fake = new FakeVllm(options);
    await new Promise<void>((resolve) => fake.#server.listen(options.port ?? 0, '127.0.0.1', resolve));
    fake.port = (fake.#server.address() as AddressInfo).port;
    return fake;
  }

  private constructor(options: FakeOptions) {
    this.#options = options;
    this.#weights = options.base;
    this.#server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = parts.length > 0 ? (JSON.parse(Buffer.concat(parts).toString()) as Json) : {};
      await this.#answer(request.url!, body, response).catch(() => response.destroy());
    });
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get adapters(): string[] {
    return [...this.#adapters.keys()];
  }

  /** The next completions get these, one each; the probe is none. */
  failNext(...next: VllmFault[]): void {
    this.#faults.push(...next);
  }

  /** What a restart forgets. */
  forget(): void {
    this.#adapters.clear();
    this.#weights = this.#options.base;
    this.#version = 'default';
  }

  /** Another run gives the server its weights. */
  takeOver(weights: string, version: string): void {
    this.#weights = weights;
    this.#version = version;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(url: string, body: Json, response: ServerResponse): Promise<void> {
    const path = url.replace(/\?.*/, '');
    if (path === '/version') return send(response, 200, { version: '0.32.0' });
    if (path === '/weight_info') return send(response, 200, { weight_version: this.#version });
    if (path === '/v1/models') {
      const adapters = this.adapters.map((id) => ({ id, parent: 'base' }));
      return send(response, 200, { data: [{ id: 'base', parent: null }, ...adapters] });
    }
    if (path === '/inference/v1/generate') return this.#generate(body as unknown as AskedCompletion, response);
    this.changes.push(path);
    if (path === '/v1/load_lora_adapter') await this.#loadAdapter(body as { lora_name: string; lora_path: string });
    if (path === '/v1/unload_lora_adapter') this.#adapters.delete(body.lora_name as string);
    if (path === '/update_weight_version') this.#version = body.new_version as string;
    if (path === '/collective_rpc' && !this.keepsOldWeights) {
      const { weights_path } = body.kwargs as { weights_path: string };
      this.#weights = sha256(await readFile(join(weights_path, 'model.safetensors')));
    }
    send(response, 200, {});
  }

  async #loadAdapter({ lora_name, lora_path }: { lora_name: string; lora_path: string }): Promise<void> {
    JSON.parse(await readFile(join(lora_path, 'adapter_config.json'), 'utf8'));
    if (basename(lora_path) !== lora_name) throw new Error('the folder has another name');
    const old = [...this.#adapters.values()].at(-1) ?? this.#weights;
    const hash = sha256(await readFile(join(lora_path, 'adapter_model.safetensors')));
    this.#adapters.set(lora_name, this.keepsOldWeights ? old : hash);
  }

  #generate(asked: AskedCompletion, response: ServerResponse): void {
    const { model, token_ids, sampling_params: sampling } = asked;
    const weights = model === 'base' ? this.#weights : this.#adapters.get(model);
    if (weights === undefined) {
      send(response, 404, { error: { message: `The model ${model} does not exist.`, type: 'NotFoundError' } });
      return;
    }
    const { pad, videoTokens, endToken } = this.#options;
    const prompt = expanded(token_ids, pad, videoTokens);
    const logprob = (token: number, place: number) => logProbOf(weights, token, place) + this.off;
    const ids = Array.from(
      { length: sampling.max_tokens },
      (_, i) => 1 + (hash(`${sampling.seed} ${weights} ${i}`) % 9),
    );
    if (hash(`${sampling.seed}`) % 2 === 0) ids[ids.length - 1] = endToken;
    const answer = {
      prompt_token_ids: prompt,
      ...(sampling.prompt_logprobs !== undefined && {
        prompt_logprobs: prompt.map((id, i) => (i === 0 ? null : { [id]: { logprob: logprob(id, i) } })),
      }),
      choices: [
        {
          token_ids: ids,
          logprobs: {
            content: ids.map((token_id, i) => ({ token_id, logprob: logprob(token_id, prompt.length + i) })),
          },
          weight_versions: [{ version: this.#version, start: 0, end: ids.length }],
        },
      ],
    };
    const isProbe = sampling.prompt_logprobs !== undefined;
    if (!isProbe) this.completions.push(asked);
    const fault = isProbe ? undefined : this.#faults.shift();
    if (fault) fault(response, answer);
    else send(response, 200, answer);
  }
}

function hash(text: string): number {
  return createHash('sha256').update(text).digest().readUInt32BE();
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
