import pLimit from 'p-limit';
import { z } from 'zod';
import { sha256 } from '../../../core/sha256.ts';
import { keyOf } from '../../../core/store-layout.ts';
import { CLOCK } from '../../../judge/client/clock.ts';
import { JudgeError } from '../../../judge/client/judge-error.ts';
import { asPatience } from '../../../judge/client/patient-endpoint.ts';
import type { CustomAnswer, CustomGroup } from '../../component.ts';
import type { CustomOf } from '../custom-config.ts';
import { type AllowedScope, allowedEntry, type CustomKindOf, type Scorer, type ScoringScope } from '../scorer.ts';
import { readServerAnswer, requestBody } from './reward-protocol.ts';
import { RewardServer } from './reward-server.ts';

/** Groups that a server is asked about at a time. */
const AT_ONCE = 4;
/** Requests for one group while the server fails; a fault that lasts longer is thrown, and the stage is retried. */
const TRIES = 3;
const FIRST_PAUSE_MILLISECONDS = 250;

/** A reward that a server computes: it is sent the completions of one sample, and answers with their scores. */
export const httpReward: CustomKindOf<'http'> = {
  async pin(name, config, scope) {
    serverOf(name, scope);
    return config;
  },
  unpin: (config) => config,
  async open(name, config, scope) {
    return new HttpScorer(name, config, serverOf(name, scope), scope);
  },
};

function serverOf(name: string, scope: AllowedScope): RewardServer {
  const urls = { section: 'urls', entries: scope.allowed.urls, example: '{ url: "http://127.0.0.1:8900" }' } as const;
  return new RewardServer(name, allowedEntry(urls, name, scope), scope.env);
}

const Answers = z.array(
  z.union([z.strictObject({ value: z.number() }), z.strictObject({ error: z.string() })]),
) satisfies z.ZodType<CustomAnswer[]>;

/** Asks for every group once: what was answered is stored before it is used. */
class HttpScorer implements Scorer {
  readonly #name: string;
  readonly #config: CustomOf<'http'>;
  readonly #server: RewardServer;
  readonly #scope: ScoringScope;
  readonly #turns = pLimit(AT_ONCE);
  /** Why nothing more is sent: a server that is away need not be asked about every group. */
  #stopped: JudgeError | undefined;

  constructor(name: string, config: CustomOf<'http'>, server: RewardServer, scope: ScoringScope) {
    this.#name = name;
    this.#config = config;
    this.#server = server;
    this.#scope = scope;
  }

  answers(group: CustomGroup): Promise<CustomAnswer[]> {
    const { store, place, outage, signal } = this.#scope;
    const body = requestBody(this.#name, group);
    const key = keyOf('customAnswers', { ...place, reward: this.#name, hash: sha256(body) });
    return this.#turns(() =>
      store.onceJson(key, Answers, async () => {
        signal?.throwIfAborted();
        if (this.#stopped) throw this.#stopped;
        const reply = await this.#ask(body).catch((error: unknown) => {
          if (error instanceof JudgeError) this.#stopped = error;
          throw error;
        });
        outage.answered();
        return 'text' in reply
          ? readServerAnswer(reply.text, group.completions.length)
          : group.completions.map(() => ({ error: reply.unscorable }));
      }),
    );
  }

  async close(): Promise<void> {}

  async #ask(body: string) {
    const { outage, signal } = this.#scope;
    const patience = {
      field: `reward.custom.${this.#name}.patienceSeconds`,
      seconds: this.#config.patienceSeconds,
    };
    for (let tries = 1; ; tries++) {
      try {
        return await this.#server.post(body, this.#config.timeoutSeconds, signal);
      } catch (error) {
        if (!(error instanceof JudgeError && error.fault.kind === 'unavailable')) throw error;
        if (tries >= TRIES) throw asPatience(patience, error, outage, CLOCK.now());
        await CLOCK.sleep(FIRST_PAUSE_MILLISECONDS * 4 ** (tries - 1) * (0.75 + Math.random() / 2), signal);
      }
    }
  }
}
