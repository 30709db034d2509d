import type { CallOptions } from '../../../core/thread-calls.ts';
import type { RankFiles } from '../policy-weights.ts';
import type { RankGroup } from '../rank-group.ts';
import type { ShownFile } from '../shown-files.ts';

type ScoredFile = ShownFile & { completions: { tokenIds: readonly number[] }[] };

/** What the ranks compute for rollouts that others sample. */
export class Trainer {
  readonly #group: RankGroup;
  readonly #engine: object;
  readonly #options: CallOptions;
  /** The group answers one request at a time: the end of the last one. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param engine the section of the config, as ranks read it. */
  constructor(group: RankGroup, engine: object, options: CallOptions = {}) {
    this.#group = group;
    this.#engine = engine;
    this.#options = options;
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
    const call = () => this.#group.call(method, { engine: this.#engine, ...params }, this.#options);
    const answer = this.#last.then(call, call);
    this.#last = answer;
    return answer;
  }
}
