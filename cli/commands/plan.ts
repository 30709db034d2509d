import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { loadConfig } from '../../configs/load-config.ts';
import type { ExperimentConfig } from '../../configs/schema.ts';
import { GPUS, type Gpu } from '../../policy/plan/gpus.ts';
import { examples, print, printJson } from '../output/print.ts';
import { captionsLines, planCaptions } from '../plan/captions-plan.ts';
import { memoryWarning, requireFits } from '../plan/memory-verdict.ts';
import { planExperiment } from '../plan/plan-experiment.ts';
import { planLines } from '../plan/plan-lines.ts';
import { collectOverride, wholeNumber } from './arguments.ts';

export const planCommand = new Command('plan')
  .summary('what an experiment takes: memory, time, judge, disk')
  .description(
    'Calculates what an experiment takes, without starting anything: parameters, memory by kind, tokens, operations ' +
      'and seconds of a step, questions to the judge with their cost, disk. Neither the model nor the data need be ' +
      'on this machine. Warns from 85% of the memory on, and refuses above 115%. docs/engines.md has the formulas.',
  )
  .argument('<config>', 'name of a file in configs/, such as quickstart, or the path of a YAML file')
  .option('--set <key=value>', 'change a field of the config; repeatable', collectOverride)
  .addOption(
    new Option('--gpu <name>', 'the GPU of each rank of the torch engine')
      .choices(Object.keys(GPUS))
      .default('h100-80'),
  )
  .option('--mfu <share>', 'share of its peak that training reaches, 0-1', share, 0.35)
  .option(
    '--completion-tokens <n>',
    'mean tokens of a completion; default: all as long as allowed',
    wholeNumber(1, 400),
  )
  .option('--json', 'print the plan as JSON')
  .addHelpText(
    'after',
    examples(
      ['videocap plan quickstart', 'the small world on this machine'],
      ['videocap plan videocap-r1-qwen2vl-7b --completion-tokens 400', "the paper's experiment on 8 GPUs"],
      ['videocap plan videocap-r1-qwen2vl-7b-lora --gpu a100-80', 'with adapters, on one GPU of another kind'],
    ),
  )
  .action(async (name, { set: overrides = {}, gpu: gpuName, mfu, completionTokens, json }) => {
    const config = await loadConfig(name, overrides);
    const { engine } = config.policy;
    if (engine.kind === 'openai') {
      const captions = await planCaptions(config, engine, completionTokens);
      return json ? printJson(captions) : print(...captionsLines(captions));
    }
    const gpu = GPUS[gpuName]!;
    const plan = await planExperiment(config, { gpu, mfu, completionTokens });
    if (json) printJson(plan);
    else {
      const warning = memoryWarning(plan);
      print(...planLines(plan, machineText(config, gpu, mfu)), ...(warning ? ['', `  WARNING: ${warning}.`] : []));
    }
    requireFits(plan);
  });

function machineText({ policy: { engine } }: ExperimentConfig, gpu: Gpu, mfu: number): string {
  if (engine.kind === 'torch') return `${engine.ranks} x ${gpu.title}, at ${Math.round(100 * mfu)}% of its peak`;
  return 'this machine';
}

function share(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('give a number above 0 and at most 1, such as 0.35.');
}
