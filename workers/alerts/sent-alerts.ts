import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ignoreMissing, PRIVATE, writeDurably } from '../../core/durable-file.ts';

const DAY = 86_400_000;
/** A run that ended longer ago causes no alert. */
export const KEPT_MILLISECONDS = 7 * DAY;

const Sent = z.object({
  /** Runs that ended before are no news. Milliseconds since the epoch. */
  since: z.number(),
  /** `<receiver> <alert's id>` -> when it was delivered. */
  sent: z.record(z.string(), z.number()),
});

/** `<home>/alerts-sent.json`: what was delivered, so that a worker that starts again sends the rest. */
export class SentAlerts {
  readonly #path: string;
  #state: z.infer<typeof Sent> | undefined;

  constructor(home: string) {
    this.#path = join(home, 'alerts-sent.json');
  }

  /** From when on the ends of runs are news: at first from now on. */
  async since(now: number): Promise<number> {
    const state = await this.#read(now);
    return Math.max(state.since, now - KEPT_MILLISECONDS);
  }

  async has(receiver: string, id: string): Promise<boolean> {
    return (await this.#read(Date.now())).sent[`${receiver} ${id}`] !== undefined;
  }

  /** Notes a delivery. A worker that dies between the delivery and this note sends it again, with the same id. */
  async add(receiver: string, id: string, now: number): Promise<void> {
    const state = await this.#read(now);
    state.sent[`${receiver} ${id}`] = now;
    for (const [name, time] of Object.entries(state.sent))
      if (time < now - 2 * KEPT_MILLISECONDS) delete state.sent[name];
    await this.#write(state);
  }

  async #read(now: number): Promise<z.infer<typeof Sent>> {
    if (this.#state) return this.#state;
    const text = await readFile(this.#path, 'utf8').catch(ignoreMissing);
    const found = text === undefined ? undefined : Sent.safeParse(jsonOf(text)).data;
    this.#state = found ?? { since: now, sent: {} };
    if (!found) await this.#write(this.#state);
    return this.#state;
  }

  async #write(state: z.infer<typeof Sent>): Promise<void> {
    await writeDurably(this.#path, `${JSON.stringify(state)}\n`, 'replace', PRIVATE.file);
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
