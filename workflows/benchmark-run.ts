import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import { listenForControl } from './control.ts';
import { evaluate } from './evaluate.ts';
import { BenchmarkRunInput, parseInput } from './run-input.ts';
import { desk, policy as engine } from './stages.ts';
import { freshRun, prepare } from './start-run.ts';
import { evaluateSuite } from './suites.ts';

/** Benchmarks one policy, trained here or elsewhere, without training it; or captions that were made elsewhere. */
export async function benchmarkRun(rawInput: unknown): Promise<Evaluation | SuiteEvaluation> {
  const control = listenForControl({ steps: false });
  const input = parseInput(BenchmarkRunInput, rawInput, '{"config": "quickstart", "checkpoint": "tiny"}');
  const { checkpoint, config: name, suite, annotations, overrides: set, ...rest } = input;
  const overrides = { ...set, ...(checkpoint && { 'policy.model': checkpoint }) };
  const { config } = await desk.resolveConfig({ config: name, overrides });
  const run = control.follow(freshRun(config));
  if (suite !== 'held-out') {
    const { runKey } = run.place;
    const source = { ...rest, suite, annotations: annotations! };
    run.stage = 'policy';
    const policy = source.predictions ? undefined : (await engine.loadPolicy({ runKey, policy: config.policy })).policy;
    const evaluation = await evaluateSuite(run, source, control.judge, policy);
    run.stage = 'finished';
    return evaluation;
  }
  await prepare(run);
  const evaluation = await evaluate(run, run.policy, control.judge);
  run.stage = 'finished';
  return evaluation;
}
