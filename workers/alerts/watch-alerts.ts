import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Alert } from './alert.ts';
import { readAlertRules } from './alert-rules.ts';
import { type Receiver, receiversOf } from './deliver.ts';
import { runEvents } from './run-events.ts';
import { SentAlerts } from './sent-alerts.ts';

export interface AlertsOf {
  client: Client;
  home: string;
  temporalUiUrl?: string | undefined;
  log: { warn(fields: object, message: string): void };
  /** Ends the watch. */
  signal: AbortSignal;
  /** Between two looks. */
  seconds?: number;
  env?: NodeJS.ProcessEnv;
}

const LOOK_SECONDS = 15;
/** After so many failures an alert is given up: each time after twice as long, up to an hour. */
const MOST_ATTEMPTS = 12;
const LONGEST_PAUSE_SECONDS = 3600;

/**
 * Sends alerts of runs to the receivers of `<home>/alerts.yaml`, beside the runs: it looks at Temporal's list, so no
 * failure of its own blocks or fails a run, and terminated runs are among them. Each alert is delivered at least once,
 * always with the same id.
 */
export async function watchAlerts({ seconds = LOOK_SECONDS, signal, log, ...of }: AlertsOf): Promise<void> {
  const round = new AlertRound(of, log);
  let said = '';
  while (!signal.aborted) {
    try {
      await round.make(signal);
      said = '';
    } catch (error) {
      const { message } = error as Error;
      if (message !== said) log.warn({ reason: message }, 'Alerts cannot be sent at present.');
      said = message;
    }
    await sleep(1000 * seconds, undefined, { signal }).catch(() => undefined);
  }
}

interface Attempt {
  count: number;
  /** When the next may be made. */
  next: number;
}

class AlertRound {
  readonly #of: Pick<AlertsOf, 'client' | 'home' | 'temporalUiUrl' | 'env'>;
  readonly #log: AlertsOf['log'];
  readonly #sent: SentAlerts;
  readonly #attempts = new Map<string, Attempt>();

  constructor(of: Pick<AlertsOf, 'client' | 'home' | 'temporalUiUrl' | 'env'>, log: AlertsOf['log']) {
    this.#of = of;
    this.#log = log;
    this.#sent = new SentAlerts(of.home);
  }

  async make(signal: AbortSignal): Promise<void> {
    const { client, home, temporalUiUrl, env } = this.#of;
    const rules = await readAlertRules(home);
    if (!rules) return;
    const receivers = receiversOf(rules, env);
    const since = await this.#sent.since(Date.now());
    const isNews = async (event: Alert['event'], id: string) => {
      for (const { name, on } of receivers)
        if (on.includes(event) && this.#isDue(name, id) && !(await this.#sent.has(name, id))) return true;
      return false;
    };
    // The client leaves a listener on its signal for every call, so each round has one of its own.
    const ofRound = AbortSignal.any([signal]);
    const events = await client.withAbortSignal(ofRound, () => runEvents({ client, since, temporalUiUrl, isNews }));
    for (const alert of events)
      await Promise.all(
        receivers
          .filter(({ on }) => on.includes(alert.event))
          .map((receiver) => this.#deliver(receiver, alert, signal)),
      );
  }

  /** Whether it may be sent now, as far as earlier failures decide that. */
  #isDue(receiver: string, id: string): boolean {
    const { count, next } = this.#attempts.get(`${receiver} ${id}`) ?? { count: 0, next: 0 };
    return count < MOST_ATTEMPTS && Date.now() >= next;
  }

  async #deliver(receiver: Receiver, alert: Alert, signal: AbortSignal): Promise<void> {
    const key = `${receiver.name} ${alert.id}`;
    if (signal.aborted || !this.#isDue(receiver.name, alert.id)) return;
    if (await this.#sent.has(receiver.name, alert.id)) return;
    try {
      await receiver.send(alert);
      await this.#sent.add(receiver.name, alert.id, Date.now());
      this.#attempts.delete(key);
    } catch (error) {
      const { count } = this.#attempts.get(key) ?? { count: 0 };
      const pause = Math.min(LONGEST_PAUSE_SECONDS, 2 ** count);
      this.#attempts.set(key, { count: count + 1, next: Date.now() + 1000 * pause });
      const { message: reason } = error as Error;
      const then = count + 1 < MOST_ATTEMPTS ? 'it is sent again' : 'it is given up';
      this.#log.warn({ receiver: receiver.name, run: alert.run, reason }, `An alert was not delivered; ${then}.`);
    }
  }
}
