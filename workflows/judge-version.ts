import { isLlm } from '../judge/judge-config.ts';
import type { JudgeGate } from './judge-gate.ts';
import type { RunState } from './run-state.ts';
import { judgeActivities } from './stages.ts';

/**
 * The version of the judge of benchmarks whose answers this run looks for: part of what names its benchmarks, since
 * another version makes other numbers. Absent for rules, and for the first version that the ledger has met.
 */
export async function benchmarkJudgeVersion(run: RunState, gate: JudgeGate): Promise<string | undefined> {
  const { judge, judgeSection } = run.benchmarkJudge;
  if (!isLlm(judge)) return undefined;
  run.judgeVersion ??= await gate.through(() =>
    judgeActivities.findJudgeVersion({
      runKey: run.place.runKey,
      judge,
      ...(judgeSection && { judgeSection }),
    }),
  );
  return run.judgeVersion.version;
}
