import { responseText } from '../../../core/response-text.ts';
import { withoutCredentials } from '../../../judge/client/credentials.ts';
import { JudgeError, type JudgeFault } from '../../../judge/client/judge-error.ts';
import { secretFrom, withoutSecrets } from '../../../judge/client/secrets.ts';
import type { AllowedUrl } from '../allowed-rewards.ts';
import { LONGEST_ANSWER } from './reward-protocol.ts';

/** Statuses of an overloaded or restarting server: it is asked again. */
const PASSING = new Set([408, 409, 425, 429]);
/** Statuses that say that this is not the right address, or not the right header: a person must look. */
const WRONG_ADDRESS = new Set([401, 403, 404, 405, 407]);

const REMEDY = 'set it in the shell that starts the workers, and start them again (videocap down, then videocap up)';

/** What a server said of a group: its answer's text; or why it has none that can be used. */
export type ServerReply = { text: string } | { unscorable: string };

/** One address that rewards may ask, with its headers. */
export class RewardServer {
  readonly #name: string;
  readonly #url: string;
  readonly #headers: Headers;
  readonly #secrets: readonly string[];

  /** @throws JudgeError `blocked` when a header's variable is not set, or cannot be a header. */
  constructor(name: string, { url, headers }: AllowedUrl, env: NodeJS.ProcessEnv) {
    this.#name = name;
    this.#url = url;
    this.#headers = new Headers({ 'content-type': 'application/json' });
    this.#secrets = Object.entries(headers).map(([header, variable]) => {
      const value = secretFrom(env, variable, `the header ${header} of reward.custom.${name}`, REMEDY);
      this.#headers.set(header, value);
      return value;
    });
  }

  /**
   * Sends one request.
   * @throws JudgeError `Unavailable` when the server is away or overloaded; `blocked` when a person must look at it;
   * the caller's abort reason.
   */
  async post(body: string, timeoutSeconds: number, caller: AbortSignal | undefined): Promise<ServerReply> {
    const timeout = AbortSignal.timeout(Math.ceil(1000 * timeoutSeconds));
    const signal = caller ? AbortSignal.any([caller, timeout]) : timeout;
    try {
      // A redirect could lead to an address that is not allowed.
      const request = { method: 'POST', headers: this.#headers, body, redirect: 'manual', signal } as const;
      const response = await fetch(this.#url, request);
      if (response.ok) return await readAnswer(response, this.#secrets);
      await response.body?.cancel();
      return this.#refused(response.status);
    } catch (error) {
      if (error instanceof JudgeError) throw error;
      caller?.throwIfAborted();
      const problem = timeout.aborted
        ? `did not answer within ${timeoutSeconds} s (reward.custom.${this.#name}.timeoutSeconds)`
        : `cannot be reached: ${codeOf(error)}`;
      throw new JudgeError({ kind: 'unavailable', sentence: this.#sentence(problem) });
    }
  }

  #refused(status: number): ServerReply {
    if (status >= 500 || PASSING.has(status)) throw this.#fault(status, { kind: 'unavailable' });
    if (WRONG_ADDRESS.has(status))
      throw this.#fault(status, { kind: 'blocked', remedy: 'check its entry in allowed.yaml, and the server' });
    if (status < 400)
      throw this.#fault(status, { kind: 'blocked', remedy: 'allow the address that it leads to, if you trust it' });
    return { unscorable: `its server answered with status ${status}` };
  }

  #fault(status: number, how: { kind: 'unavailable' } | { kind: 'blocked'; remedy: string }): JudgeError {
    return new JudgeError({
      sentence: this.#sentence('does not score'),
      details: `status ${status}`,
      ...how,
    } as JudgeFault);
  }

  #sentence(problem: string): string {
    return `The server of reward ${this.#name} at ${withoutCredentials(this.#url)} ${problem}`;
  }
}

/** The text of an answer, without the secrets that were sent. */
async function readAnswer(response: Response, secrets: readonly string[]): Promise<ServerReply> {
  const { text, whole } = await responseText(response, LONGEST_ANSWER);
  if (!whole) return { unscorable: `the answer of its server has more than ${LONGEST_ANSWER} bytes` };
  return { text: withoutSecrets(text, secrets) };
}

/** The code of the cause: the error of `fetch` itself is always `fetch failed`. */
function codeOf(error: unknown): string {
  const { cause, name } = error as Error & { cause?: { code?: string } };
  return (cause as { code?: string } | undefined)?.code ?? name;
}
