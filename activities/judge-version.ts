import type { z } from 'zod';
import { FindJudgeVersionInput, type FindJudgeVersionOutput } from '../contracts/scoring.ts';
import { keyOf } from '../core/store-layout.ts';
import { judgeVersion } from '../judge/create-judge.ts';
import type { ActivityDeps } from './activity-deps.ts';

type JudgeVersionDeps = Pick<ActivityDeps, 'store' | 'env' | 'keyRules'>;

/** Says which version of its judge a run looks for answers of: part of what names its benchmarks. */
export function createJudgeVersionActivities({ store, env, keyRules }: JudgeVersionDeps) {
  return {
    async findJudgeVersion(
      rawInput: z.input<typeof FindJudgeVersionInput>,
    ): Promise<z.infer<typeof FindJudgeVersionOutput>> {
      const { runKey, judge, judgeSection: section } = FindJudgeVersionInput.parse(rawInput);
      const place = keyOf('dataset', { runKey });
      const version = await judgeVersion(judge, { store, place, env, section, keyRules: await keyRules?.() });
      return version === undefined ? {} : { version };
    },
  };
}
