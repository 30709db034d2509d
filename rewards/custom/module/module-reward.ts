import pLimit from 'p-limit';
import { VideocapError } from '../../../core/errors.ts';
import { ThreadClient } from '../../../core/thread-client.ts';
import type { RequestOf, ResultOf } from '../../../core/thread-messages.ts';
import { JudgeError } from '../../../judge/client/judge-error.ts';
import type { CustomAnswer, CustomGroup } from '../../component.ts';
import { rewardedGroup } from '../reward-function.ts';
import { type AllowedScope, allowedEntry, type CustomKindOf, refusal, type Scorer } from '../scorer.ts';
import { type ModuleCode, readModule } from './module-code.ts';
import type { ModuleApi, ModuleThreadData } from './module-thread.ts';

/** For what a module does once, such as building a table. */
const LOAD_SECONDS = 30;

/** A reward that a file computes: its default export is called with one completion and its sample. */
export const moduleReward: CustomKindOf<'module'> = {
  async pin(name, config, scope) {
    const { code, sha256 } = await allowedModule(name, scope);
    if (config.sha256 !== undefined && config.sha256 !== sha256)
      throw refusal(
        `The code of reward.custom.${name} has the hash ${sha256}, and the config insists on ${config.sha256}`,
        'restore the file and what it imports, or leave sha256 out',
      );
    const thread = new ModuleThread(name, { code }, config.timeoutSeconds);
    try {
      await thread.load();
      return { ...config, sha256 };
    } catch (error) {
      if (!(error instanceof VideocapError) || error instanceof JudgeError) throw error;
      throw unusable(name, `it cannot be loaded: ${error.message}`);
    } finally {
      await thread.close();
    }
  },

  unpin({ sha256, ...config }) {
    return config;
  },

  async open(name, config, scope) {
    const { code, sha256 } = await allowedModule(name, scope);
    if (config.sha256 !== sha256)
      throw refusal(
        `The code of reward.custom.${name} is not the code that the run began with: a file of it has changed`,
        'restore it, or fork the run, which takes the code as it is now',
      );
    return new ModuleThread(name, { code }, config.timeoutSeconds, scope.signal);
  },
};

function allowedModule(name: string, scope: AllowedScope): Promise<ModuleCode> {
  const modules = { section: 'modules', entries: scope.allowed.modules, example: `rewards/${name}.ts` } as const;
  return readModule(name, allowedEntry(modules, name, scope), scope.folder);
}

function unusable(name: string, fault: string): JudgeError {
  return refusal(`The module of reward.custom.${name} cannot be used: ${fault}`, 'correct its file');
}

/** A module in a thread of its own, where a loop without end can be ended. Scores one completion at a time. */
class ModuleThread implements Scorer {
  readonly #name: string;
  readonly #seconds: number;
  readonly #signal: AbortSignal | undefined;
  readonly #thread: ThreadClient<ModuleApi>;
  readonly #turns = pLimit(1);

  constructor(name: string, data: ModuleThreadData, seconds: number, signal?: AbortSignal) {
    const script = new URL('./module-thread.ts', import.meta.url);
    this.#thread = new ThreadClient({ script, data, name: `The thread of reward ${name}` });
    this.#name = name;
    this.#seconds = seconds;
    this.#signal = signal;
  }

  /** @throws JudgeError `blocked` when the module cannot be used; `Stuck` or `Unavailable` when its thread ended. */
  async load(): Promise<void> {
    const fault = await this.#call('load', null, LOAD_SECONDS);
    if (fault !== undefined) throw unusable(this.#name, fault);
  }

  answers(group: CustomGroup): Promise<CustomAnswer[]> {
    return this.#turns(async () => {
      const { sample, completions } = rewardedGroup(group);
      const answers: CustomAnswer[] = [];
      for (const completion of completions) {
        // A thread that was ended has to load it again, which is not this completion's time.
        await this.load();
        answers.push(await this.#answer({ sample, completion }));
      }
      return answers;
    });
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #answer(request: RequestOf<ModuleApi['score']>): Promise<CustomAnswer> {
    try {
      return await this.#call('score', request, this.#seconds);
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof VideocapError) return { error: error.message };
      throw error;
    }
  }

  /** A call that takes too long ends the thread; the next call gets another one. */
  async #call<K extends keyof ModuleApi>(
    method: K,
    request: RequestOf<ModuleApi[K]>,
    seconds: number,
  ): Promise<ResultOf<ModuleApi[K]>> {
    const limit = new AbortController();
    const late = new VideocapError('Stuck', `it took longer than ${seconds} s`);
    const timer = setTimeout(() => limit.abort(late), 1000 * seconds);
    try {
      const signal = this.#signal ? AbortSignal.any([this.#signal, limit.signal]) : limit.signal;
      return await this.#thread.call(method, request, { signal });
    } finally {
      clearTimeout(timer);
    }
  }
}
