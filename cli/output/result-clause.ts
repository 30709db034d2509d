import type { WrittenAnnotations } from '../../contracts/annotation.ts';
import type { Evaluation, RunSummary, SuiteEvaluation } from '../../contracts/run-results.ts';
import type { SweepSummary } from '../../contracts/sweep-results.ts';
import { SHOWN } from './result-table.ts';

/** What came out of a run, in a few words: `eventF1 60.6 -> 71.4`. Nothing where its workflow measures nothing. */
export function resultClause(
  result: RunSummary | Evaluation | SuiteEvaluation | WrittenAnnotations | SweepSummary,
): string | undefined {
  if ('outcomes' in result) return result.result.verdict[0];
  if ('review' in result) return `${result.samples.annotated} of ${result.samples.total} samples annotated`;
  if ('base' in result) {
    const { base, trained, config } = result;
    const metric = config.checkpoints.best?.metric ?? firstOf(base.metrics);
    if (metric === undefined) return undefined;
    return `${metric} ${points(base.metrics[metric])} -> ${points(trained.metrics[metric])}`;
  }
  const [metric] = 'suite' in result ? Object.keys(result.metrics) : [firstOf(result.metrics)];
  if (metric === undefined) return undefined;
  return `${'suite' in result ? `${result.suite} ` : ''}${metric} ${points(result.metrics[metric])}`;
}

function firstOf(metrics: Readonly<Record<string, number>>): string | undefined {
  return SHOWN.find(([metric]) => metrics[metric] !== undefined)?.[0];
}

function points(value: number | undefined): string {
  return value === undefined ? '?' : value.toFixed(1);
}
