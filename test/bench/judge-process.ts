import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Account } from '../servers/openai-server.ts';

/** An endpoint that answers every question after a time, in a process of its own. */
export class JudgeProcess {
  readonly baseUrl: string;
  readonly #child: ChildProcess;

  static async start(latencySeconds: number): Promise<JudgeProcess> {
    const child = fork(fileURLToPath(new URL('judge-server.ts', import.meta.url)), [String(1000 * latencySeconds)]);
    const [baseUrl] = (await once(child, 'message')) as [string];
    return new JudgeProcess(child, baseUrl);
  }

  private constructor(child: ChildProcess, baseUrl: string) {
    this.#child = child;
    this.baseUrl = baseUrl;
  }

  /** What it has answered so far. */
  async account(): Promise<Account> {
    this.#child.send('account');
    return ((await once(this.#child, 'message')) as [Account])[0];
  }

  close(): void {
    this.#child.disconnect();
  }
}
