import type { Judge } from './judge.ts';
import type { Unscorable } from './questions/question.ts';
import { NO_USAGE } from './usage.ts';

/** The judge of a run that has none: every answer is unscorable. */
export class NoJudge implements Judge {
  readonly name = 'none';
  readonly isLlm = false;
  readonly usage = { ...NO_USAGE };
  readonly answeredBy = [];

  async entail(): Promise<Unscorable> {
    return NO_ANSWER;
  }

  async extractEvents(): Promise<Unscorable> {
    return NO_ANSWER;
  }

  async rate(): Promise<Unscorable> {
    return NO_ANSWER;
  }

  async answer(): Promise<Unscorable> {
    return NO_ANSWER;
  }

  async findKeyPoints(): Promise<Unscorable> {
    return NO_ANSWER;
  }

  checkReference(): void {}
}

const NO_ANSWER: Unscorable = { unscorable: true, reason: 'The run has no judge (judge.kind is none).' };
