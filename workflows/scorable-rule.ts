import { isLlm, type JudgeConfig, PauseWhen } from '../judge/judge-config.ts';
import type { Scorable } from '../rewards/scorable.ts';

/** Steps in a row, this one included, of which too little could be scored (`judge.pauseWhen`). */
export function stepsBelow(before: number, scorable: Scorable | undefined, judge: JudgeConfig): number {
  if (!isLlm(judge) || !scorable) return before;
  return scorable.share < ruleOf(judge).scorableBelow ? before + 1 : 0;
}

/** Why a run must not go on as it is: it would end untrained. `undefined` while it may. */
export function pauseBecause(steps: number, scorable: Scorable | undefined, judge: JudgeConfig): string | undefined {
  if (!isLlm(judge) || !scorable || steps === 0 || steps < ruleOf(judge).steps) return undefined;
  const { share, reason } = scorable;
  return (
    `The judge has scored ${Math.floor(100 * share)} % of what the last step asked it, and less than ` +
    `${100 * ruleOf(judge).scorableBelow} % in ${steps === 1 ? 'this step' : `${steps} steps in a row`} ` +
    `(judge.pauseWhen)${reason === undefined ? '' : `, mostly because ${reason}`}. Repair it with the help of ` +
    '`videocap judge check`, then `videocap resume`.'
  );
}

/** Runs that began before the rule was in the config have its defaults. */
function ruleOf({ pauseWhen }: { pauseWhen?: PauseWhen }): PauseWhen {
  return PauseWhen.parse(pauseWhen ?? {});
}
