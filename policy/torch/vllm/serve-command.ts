import type { FrameOptions } from '../../../video/frame-options.ts';
import type { TorchConfig } from '../torch-config.ts';

/** What a config says of the servers of its rollouts. */
interface ServedPart extends Pick<TorchConfig, 'dtype'> {
  lora?: TorchConfig['lora'];
  frames: Pick<FrameOptions, 'minPixels' | 'maxPixels'>;
  port: number;
}

export interface ServeCommand {
  env: Record<string, string>;
  args: string[];
}

/**
 * How a server is started whose completions a run can train on: arguments of `vllm` and variables. It listens on this
 * machine alone: loading weights asks for no password.
 * @param model folder, or name of a hub.
 */
export function serveCommand(model: string, { dtype, lora, frames, port }: ServedPart): ServeCommand {
  const { minPixels: shortest_edge, maxPixels: longest_edge } = frames;
  const adapters = lora ? ['--enable-lora', '--max-lora-rank', `${lora.rank}`, '--max-loras', '2'] : [];
  return {
    // Adapters are loaded by one request, whole weights by several that vLLM calls those of development.
    env: lora ? { VLLM_ALLOW_RUNTIME_LORA_UPDATING: '1' } : { VLLM_SERVER_DEV_MODE: '1' },
    args: [
      ...['serve', model, '--host', '127.0.0.1', '--port', `${port}`, '--dtype', dtype],
      // Token ids in and out, by one process: a second one would not know of adapters that the first has loaded.
      ...['--enable-scale-out', '--api-server-count', '1'],
      // Log-probabilities of the distribution that was sampled, and no sampling settings of the model's own.
      ...['--logprobs-mode', 'processed_logprobs', '--generation-config', 'vllm'],
      // All frames of a video, whatever their number, and no pictures.
      ...['--media-io-kwargs', '{"video":{"num_frames":-1}}', '--limit-mm-per-prompt', '{"video":1,"image":0}'],
      // The model's own limits would scale frames that the run has scaled already.
      ...['--mm-processor-kwargs', JSON.stringify({ size: { shortest_edge, longest_edge } })],
      ...adapters,
    ],
  };
}

/** As a line for a shell. */
export function commandLine({ env, args }: ServeCommand): string {
  const quoted = args.map((arg) => (/^[\w./:@=-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`));
  return [...Object.entries(env).map(([name, value]) => `${name}=${value}`), 'vllm', ...quoted].join(' ');
}
