import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VideocapError } from '../../core/errors.ts';
import type { Checkpoint, ConfigSection, PinnedFile } from '../../core/policy-engine.ts';
import type { CallOptions } from '../../core/thread-calls.ts';
import { RankGroup } from './rank-group.ts';
import type { Held } from './replay.ts';
import { TorchConfig } from './torch-config.ts';
import { torchEnvironment } from './torch-environment.ts';

/** The ranks of the section that was asked for last: a group that died, or of another number, is replaced. */
export class RankService {
  #group: { ranks: number; group: RankGroup } | undefined;
  /** What a policy was last opened for. */
  #engine: ConfigSection | undefined;
  /** One piece of work at a time: the end of the last one. */
  #last: Promise<unknown> = Promise.resolve();

  /** Does a piece of work alone, with a folder for its files that is gone afterwards. */
  async alone<T>(options: CallOptions | undefined, work: (folder: string) => Promise<T>): Promise<T> {
    const before = this.#last;
    const own = (async () => {
      await before.catch(() => {});
      options?.signal?.throwIfAborted();
      const folder = await mkdtemp(join(tmpdir(), 'videocap-torch-'));
      try {
        return await work(folder);
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    })();
    this.#last = own;
    return own;
  }

  /** Asks the ranks of a section, which is part of the message. */
  async call(engine: ConfigSection, method: string, params: object, options?: CallOptions): Promise<unknown> {
    const { kind: _, ranks, checkpointEvery: __, rollout: ___, ...section } = TorchConfig.parse(engine);
    const group = await this.#groupOf(ranks, options?.signal);
    if ('policy' in params) this.#engine = engine;
    return group.call(method, { engine: section, ...params }, options);
  }

  /** What the last update left in the ranks' memory alone, if they still hold it. */
  async held(options?: CallOptions): Promise<Held | undefined> {
    if (!this.#engine || !this.#group?.group.isAlive) return undefined;
    const { digest } = (await this.#group.group.call('held', {}, options)) as { digest: string | null };
    return digest === null ? undefined : { digest, engine: this.#engine };
  }

  /** What the ranks write beside other work. Throws as `RankAnswers.filesIn`. */
  async filesIn(folder: string): Promise<Checkpoint<PinnedFile>> {
    if (this.#group) return this.#group.group.filesIn(folder);
    throw new VideocapError('Unavailable', 'There are no ranks that write files.');
  }

  close(): void {
    this.#group?.group.kill();
    this.#group = undefined;
  }

  async #groupOf(ranks: number, signal: AbortSignal | undefined): Promise<RankGroup> {
    if (this.#group?.ranks === ranks && this.#group.group.isAlive) return this.#group.group;
    this.close();
    const group = await RankGroup.start({ ...torchEnvironment(), ranks }, signal);
    this.#group = { ranks, group };
    return group;
  }
}

/** Whether ranks that hold a policy for one section compute with another as if it were the same. */
export function isSameSection(one: ConfigSection, other: ConfigSection): boolean {
  const ofRanks = (section: ConfigSection) => {
    const { checkpointEvery: _, rollout: __, ...rest } = TorchConfig.parse(section);
    return JSON.stringify(rest);
  };
  return ofRanks(one) === ofRanks(other);
}
