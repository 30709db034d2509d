import type { Row } from './row.ts';
import { coldFrames } from './rows/frames.ts';
import { growth } from './rows/growth.ts';
import { grpoSteps } from './rows/grpo-step.ts';
import { judgedSteps } from './rows/judged-step.ts';
import { orchestration } from './rows/orchestration.ts';
import { resume } from './rows/resume.ts';
import { rollouts } from './rows/rollout.ts';
import { secondArm } from './rows/second-arm.ts';
import { starts } from './rows/start.ts';
import { thinkScorer } from './rows/think-score.ts';
import { update } from './rows/update.ts';
import { warmFrames } from './rows/warm-frames.ts';

/** Every row of the table, in its order. */
export const ROWS: readonly Row[] = [
  ...grpoSteps,
  ...judgedSteps,
  ...rollouts,
  update,
  orchestration,
  ...coldFrames,
  warmFrames,
  resume,
  secondArm,
  thinkScorer,
  ...starts,
  ...growth,
];
