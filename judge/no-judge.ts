import type { Judge } from './judge.ts';
import type { Unscorable } from './questions/question.ts';
import { NO_USAGE } from './usage.ts';

/** In the judge's place where a run has none: it answers no question. */
export class NoJudge implements Judge {
  readonly name = 'none';
  readonly isLlm = false;
  readonly usage = { ...NO_USAGE };

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
