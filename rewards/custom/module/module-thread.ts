import { serveThread, threadData } from '../../../core/thread-server.ts';
import type { CustomAnswer } from '../../component.ts';
import type { RewardedCompletion, RewardedSample, RewardFunction } from '../reward-function.ts';

/** What a module's thread is started with. */
export interface ModuleThreadData {
  code: string;
}

/** What the thread of a reward module serves. */
export interface ModuleApi {
  /** Runs the module's own top level. Does nothing the second time. @returns why it cannot be used. */
  load(request: null): string | undefined;
  /** Of one completion, once the module is loaded. */
  score(request: { completion: RewardedCompletion; sample: RewardedSample }): CustomAnswer;
}

let reward: RewardFunction | undefined;

serveThread<ModuleApi>({
  async load() {
    if (reward) return undefined;
    const { code } = threadData<ModuleThreadData>();
    const address = `data:text/javascript;base64,${Buffer.from(code).toString('base64')}`;
    try {
      const loaded: { default?: unknown } = await import(address);
      if (typeof loaded.default !== 'function') return 'it has no function as its default export';
      reward = loaded.default as RewardFunction;
      return undefined;
    } catch (error) {
      return `it cannot be loaded: ${messageOf(error)}`;
    }
  },
  async score({ completion, sample }) {
    try {
      const given: unknown = await reward!(completion, sample);
      if (typeof given === 'number') return { value: given };
      if (given === null) return { error: 'it gave no score' };
      return { error: `it gave a value of type ${typeof given}; a score is a number` };
    } catch (error) {
      return { error: `it threw "${messageOf(error)}"` };
    }
  },
});

function messageOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return 'something that is no text';
  }
}
