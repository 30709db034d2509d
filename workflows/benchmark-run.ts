import type { Evaluation } from '../core/stages.ts';
import { listenForControl } from './control.ts';
import { evaluate } from './evaluate.ts';
import { BenchmarkRunInput, parseInput } from './run-input.ts';
import { desk } from './stages.ts';
import { freshRun, prepare } from './start-run.ts';

/** Benchmarks one policy, trained here or elsewhere, without training it. */
export async function benchmarkRun(rawInput: unknown): Promise<Evaluation> {
  const control = listenForControl();
  const input = parseInput(BenchmarkRunInput, rawInput, '{"config": "quickstart", "checkpoint": "tiny"}');
  const { checkpoint, config: name } = input;
  const overrides = { ...input.overrides, ...(checkpoint && { 'policy.model': checkpoint }) };
  const { config } = await desk.resolveConfig({ config: name, overrides });
  const run = control.follow(freshRun(config));
  await prepare(run);
  const evaluation = await evaluate(run, run.policy, control.judge);
  run.stage = 'finished';
  return evaluation;
}
