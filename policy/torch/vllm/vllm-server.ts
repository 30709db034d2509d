import { z } from 'zod';
import { askServer, type ServerRequest } from './ask-server.ts';
import { RolloutFault } from './rollout-fault.ts';

/** Seconds that a request may take: what answers at once, a completion, the loading of weights. */
const SECONDS = { short: 60, completion: 900, weights: 3600 };
/** What a server's weights are called while others are loaded. */
const NO_VERSION = 'loading';

const Models = z.object({ data: z.array(z.object({ id: z.string(), parent: z.string().nullish() })).min(1) });
const WeightInfo = z.object({ weight_version: z.string() });
const Version = z.object({ version: z.string() });

/** One server of vLLM, by its HTTP interface. Every call throws as `askServer`. */
export class VllmServer {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  /** Of vLLM. */
  async version(signal?: AbortSignal, seconds = SECONDS.short): Promise<string> {
    return (await this.#json({ path: '/version', seconds, signal }, Version)).version;
  }

  /** The name of the base model, and those of adapters that are loaded. */
  async models(signal?: AbortSignal): Promise<{ base: string; adapters: ReadonlySet<string> }> {
    const { data } = await this.#json({ path: '/v1/models', seconds: SECONDS.short, signal }, Models);
    const base = data.find(({ parent }) => parent === undefined || parent === null) ?? data[0]!;
    return { base: base.id, adapters: new Set(data.filter((one) => one !== base).map(({ id }) => id)) };
  }

  async loadAdapter(name: string, folder: string, signal?: AbortSignal): Promise<void> {
    const body = { lora_name: name, lora_path: folder };
    await this.#post('/v1/load_lora_adapter', body, signal, SECONDS.weights);
  }

  /** Harmless where it is not loaded. */
  async unloadAdapter(name: string, signal?: AbortSignal): Promise<void> {
    const request = { path: '/v1/unload_lora_adapter', body: { lora_name: name }, seconds: SECONDS.short, signal };
    await askServer(this.url, { ...request, expected: [404] });
  }

  /** What the server calls the weights of its base model. */
  async weightVersion(signal?: AbortSignal): Promise<string> {
    const request = { path: '/weight_info', seconds: SECONDS.short, signal };
    return (await this.#json(request, WeightInfo)).weight_version;
  }

  /**
   * Loads a folder's weights in place of the base model's, and calls them `version`. Until all of it is done, the
   * server's weights have another name, so what a failure leaves behind is not taken for either.
   */
  async reload(folder: string, version: string, signal?: AbortSignal): Promise<void> {
    await this.#post('/pause?mode=wait', {}, signal, SECONDS.completion);
    try {
      await this.#post('/update_weight_version', { new_version: NO_VERSION }, signal);
      const call = { method: 'reload_weights', kwargs: { weights_path: folder } };
      await this.#post('/collective_rpc', call, signal, SECONDS.weights);
      for (const cache of ['prefix', 'mm', 'encoder']) await this.#post(`/reset_${cache}_cache`, {}, signal);
      await this.#post('/update_weight_version', { new_version: version }, signal);
    } finally {
      // Also when the call is given up: a server that stays paused answers no request.
      await this.#post('/resume', {}, undefined);
    }
  }

  /** @throws RolloutFault `otherPolicy` where the server has no such model. */
  async generate<S extends z.ZodType>(body: unknown, shape: S, signal?: AbortSignal): Promise<z.infer<S>> {
    const request = { path: '/inference/v1/generate', body, seconds: SECONDS.completion, signal };
    const { status, text } = await askServer(this.url, { ...request, expected: [404] });
    if (status !== 404) return this.#parsed(request.path, text, shape);
    if (!text.includes('NotFoundError'))
      throw this.#refused(`has no ${request.path}; start it with the command of \`videocap vllm-command\``);
    throw new RolloutFault('otherPolicy', `The rollout server ${this.url} does not have the policy`);
  }

  #post(path: string, body: unknown, signal?: AbortSignal, seconds = SECONDS.short) {
    return askServer(this.url, { path, body, seconds, signal });
  }

  async #json<S extends z.ZodType>(request: ServerRequest, shape: S): Promise<z.infer<S>> {
    return this.#parsed(request.path, (await askServer(this.url, request)).text, shape);
  }

  #parsed<S extends z.ZodType>(path: string, text: string, shape: S): z.infer<S> {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw this.#refused(`answers ${path} with no JSON`);
    }
    const { data, error } = shape.safeParse(json);
    if (error) {
      const [{ path: field, message }] = error.issues as [z.core.$ZodIssue];
      throw this.#refused(`answers ${path} in another form than vLLM 0.32: ${field.join('.')}: ${message}`);
    }
    return data;
  }

  #refused(problem: string): RolloutFault {
    return new RolloutFault('refused', `The rollout server ${this.url} ${problem}`);
  }
}
