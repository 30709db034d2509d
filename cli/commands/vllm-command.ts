import { Command } from '@commander-js/extra-typings';
import { loadConfig } from '../../configs/load-config.ts';
import { VideocapError } from '../../core/errors.ts';
import { modelPath } from '../../policy/model/model-path.ts';
import { commandLine, serveCommand } from '../../policy/torch/vllm/serve-command.ts';
import { examples, print } from '../output/print.ts';
import { collectOverride, wholeNumber } from './arguments.ts';

export const vllmCommand = new Command('vllm-command')
  .summary('the command that starts a rollout server')
  .description(
    "Prints the command that starts a server of vLLM for an experiment's rollouts, and what allows runs to use it. " +
      'Starts nothing. docs/engines.md says where vLLM comes from.',
  )
  .argument('<config>', 'name of a file in configs/, or the path of a YAML file')
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .option('--port <n>', 'where the server listens', wholeNumber(1024, 8000), 8000)
  .addHelpText(
    'after',
    examples([
      'videocap vllm-command videocap-r1-qwen2vl-7b-lora',
      "a server for the paper's experiment with adapters",
    ]),
  )
  .action(async (name, { set: overrides = {}, port }) => {
    const { policy, frames } = await loadConfig(name, overrides);
    if (policy.engine.kind !== 'torch')
      throw new VideocapError(
        'InvalidInput',
        `policy.engine.kind is "${policy.engine.kind}", which samples by itself; add ` +
          "--set 'policy.engine={kind: torch}'.",
      );
    print(
      commandLine(serveCommand(modelPath(policy.model), { ...policy.engine, frames, port })),
      '',
      'In allowed.yaml of the worker:',
      `  rolloutServers: ["http://127.0.0.1:${port}"]`,
      'In the config:',
      `  policy: { engine: { rollout: { kind: vllm, servers: ["http://127.0.0.1:${port}"] } } }`,
    );
  });
