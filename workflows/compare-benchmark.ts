import type { Evaluation, SuiteEvaluation } from '../contracts/run-results.ts';
import { addSuites, embeddingOf, evaluateHeldOut, heldOutIdentity } from './evaluate.ts';
import type { JudgeGate } from './judge-gate.ts';
import { benchmarkJudgeVersion } from './judge-version.ts';
import type { RunState } from './run-state.ts';
import { loadStartPolicy } from './start-run.ts';
import { suiteIdentities, suiteMetrics } from './suites.ts';

/**
 * Makes a fork's numbers comparable. A fork inherits the benchmarks of the run that it was forked from. Where anything
 * that defines a benchmark is another one by now, those that it defined are dropped, and the base policy is measured
 * again: a gain is never the difference between two benchmarks. Does nothing in other runs, and in a fork once.
 */
export async function compareBenchmark(run: RunState, gate: JudgeGate): Promise<void> {
  const { snapshot } = run;
  const { forkedFrom, evaluations } = snapshot;
  const [base] = evaluations;
  if (!forkedFrom || forkedFrom.sameBenchmark !== undefined) return;
  const judgeVersion = await benchmarkJudgeVersion(run, gate);
  const identity = heldOutIdentity(run, judgeVersion, embeddingOf(run));
  const suites = await suiteIdentities(run, judgeVersion);
  const isSame = base?.benchmark === identity;
  const kept = evaluations.filter(({ benchmark }) => benchmark === identity);
  const comparable = kept.map((evaluation) => withSuites(evaluation, suites));
  if (!isSame) run.forgetBest();
  snapshot.evaluations = comparable;
  if (base) {
    const policy = isSame ? base.policy : await loadStartPolicy(run, base.policy);
    const measured = isSame ? comparable[0]! : await evaluateHeldOut(run, gate, { step: base.step, policy });
    run.keep(await addSuites(run, gate, measured));
  }
  snapshot.forkedFrom = { ...forkedFrom, sameBenchmark: isSame };
}

/** With the numbers of those published benchmarks alone that the run measures in the same way. */
function withSuites(evaluation: Evaluation, identities: ReadonlyMap<string, string>): Evaluation {
  const { suites = [], metrics, ...rest } = evaluation;
  const same = suites.filter(({ suite, benchmark }: SuiteEvaluation) => identities.get(suite) === benchmark);
  const heldOut = Object.entries(metrics).filter(([name]) => !suites.some(({ suite }) => name.startsWith(`${suite}/`)));
  return {
    ...rest,
    metrics: { ...Object.fromEntries(heldOut), ...suiteMetrics(same) },
    ...(same.length > 0 && { suites: same }),
  };
}
