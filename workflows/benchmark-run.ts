import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { BenchmarkRunInput } from '../contracts/run-input.ts';
import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import { type Control, listenForControl } from './control.ts';
import { evaluate } from './evaluate.ts';
import { parseInput } from './parse-input.ts';
import { shortActivities } from './stages.ts';
import { freshRun, loadPolicy, newRunKey, prepare } from './start-run.ts';
import { StoppedByUser, stoppedFailure } from './stopped-by-user.ts';
import { evaluateSuite } from './suites.ts';

/** Benchmarks one policy, trained here or elsewhere, without training it; or captions that were made elsewhere. */
export async function benchmarkRun(rawInput: unknown): Promise<Evaluation | SuiteEvaluation> {
  const whole = new CancellationScope();
  let blocked: string | undefined;
  const control = listenForControl({
    steps: false,
    onStop(why) {
      blocked = why;
      whole.cancel();
    },
  });
  try {
    return await whole.run(() => measure(rawInput, control));
  } catch (error) {
    const isCancelled = CancellationScope.current().consideredCancelled;
    const isStopped = error instanceof StoppedByUser || isCancellation(error);
    throw control.stopRequested && isStopped && !isCancelled ? stoppedFailure('the benchmark', blocked) : error;
  }
}

async function measure(rawInput: unknown, control: Control): Promise<Evaluation | SuiteEvaluation> {
  const input = parseInput(BenchmarkRunInput, rawInput, '{"config": "quickstart", "checkpoint": "tiny"}');
  const { checkpoint, config: name, configHash, suite, annotations, overrides: set, ...rest } = input;
  const overrides = { ...set, ...(checkpoint && { 'policy.model': checkpoint }) };
  const runKey = newRunKey();
  const { config } = await shortActivities.resolveConfig({ config: name, configHash, overrides });
  const run = control.attach(await freshRun(config, runKey));
  let evaluation: Evaluation | SuiteEvaluation;
  if (suite === 'held-out') {
    await prepare(run);
    evaluation = await evaluate(run, control.judge);
  } else {
    run.stage = 'policy';
    if (!rest.predictions) run.snapshot.policy = await loadPolicy(run);
    evaluation = await evaluateSuite(run, control.judge, { ...rest, suite, annotations: annotations! });
  }
  run.stage = 'finished';
  return evaluation;
}
