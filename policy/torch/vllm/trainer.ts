import type { RankFiles } from '../policy-weights.ts';
import type { ShownFile } from '../shown-files.ts';

type ScoredFile = ShownFile & { completions: { tokenIds: readonly number[] }[] };

/** What the ranks compute for rollouts that others sample. */
export class Trainer {
  readonly #ask: (method: string, params: object) => Promise<unknown>;
  /** The ranks answer one request at a time: the end of the last one. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(ask: (method: string, params: object) => Promise<unknown>) {
    this.#ask = ask;
  }

  /** The prompts' token ids with their videos in place. */
  expand(policy: RankFiles, clips: readonly ShownFile[]): Promise<number[][]> {
    return this.#call('expand', { policy, clips }) as Promise<number[][]>;
  }

  /** Log-probabilities under a policy, by group, completion and token. */
  score(
    policy: RankFiles,
    groups: readonly ScoredFile[],
    { temperature = 1, suppressed = [] as readonly number[] } = {},
  ): Promise<number[][][]> {
    return this.#call('score', { policy, groups, temperature, suppressed }) as Promise<number[][][]>;
  }

  #call(method: string, params: object): Promise<unknown> {
    const call = () => this.#ask(method, params);
    const answer = this.#last.then(call, call);
    this.#last = answer;
    return answer;
  }
}
