import { CancellationScope, isCancellation, setCurrentDetails, upsertMemo } from '@temporalio/workflow';
import { BenchmarkRunInput } from '../contracts/run-input.ts';
import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import { UNNAMED_CONFIG } from '../contracts/start-choices.ts';
import { type Control, listenForControl } from './control.ts';
import { evaluate } from './evaluate.ts';
import { parseInput } from './parse-input.ts';
import { FRESH } from './run-phase.ts';
import { noteAttributes } from './search-attributes.ts';
import { shownExecution } from './shown-execution.ts';
import { shortActivities } from './stages.ts';
import { freshRun, loadPolicy, namesConfig, newRunKey, prepare } from './start-run.ts';
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
  noteAttributes({ ...FRESH, method: 'benchmark' });
  const startNote = namesConfig(rawInput) ? undefined : UNNAMED_CONFIG;
  setCurrentDetails(startNote ?? `Starts: config ${name}.`);
  const { config } = await shortActivities.resolveConfig({ config: name, configHash, overrides });
  upsertMemo({ summary: `benchmark · ${rest.predictions ?? config.policy.model} · ${suite}` });
  const run = await freshRun(config, runKey);
  if (startNote !== undefined) run.startNote = startNote;
  run.execution = shownExecution(runKey);
  control.attach(run);
  let evaluation: Evaluation | SuiteEvaluation;
  if (suite === 'held-out') {
    await prepare(run);
    evaluation = await evaluate(run, control.judge);
  } else {
    run.stage = 'policy';
    if (!rest.predictions) run.snapshot.policy = await loadPolicy(run);
    evaluation = await evaluateSuite(run, control.judge, { ...rest, suite, annotations: annotations! });
  }
  run.stage = 'finished'; // which shows it
  return evaluation;
}
