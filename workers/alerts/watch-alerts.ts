import type { Client } from '@temporalio/client';
import { type Looking, lookAgain } from '../look-again.ts';
import type { Alert } from './alert.ts';
import { type AlertEvent, readAlertRules } from './alert-rules.ts';
import { type Receiver, receiversOf } from './deliver.ts';
import { runEvents } from './run-events.ts';
import { SentAlerts } from './sent-alerts.ts';

export interface AlertsOf extends Looking {
  client: Client;
  home: string;
  temporalUiUrl?: string | undefined;
  env?: NodeJS.ProcessEnv | undefined;
}

/** After so many failures an alert is given up: each time after twice as long, up to an hour. */
const MOST_ATTEMPTS = 12;
const LONGEST_PAUSE_SECONDS = 3600;

/**
 * Sends alerts of runs to the receivers of `<home>/alerts.yaml`, beside the runs: it looks at Temporal's list, so no
 * failure of its own blocks or fails a run, and terminated runs are among them. Each alert is delivered at least once,
 * always with the same id.
 */
export async function watchAlerts({ client, home, temporalUiUrl, env, ...looking }: AlertsOf): Promise<void> {
  const round = new AlertRound({ client, home, temporalUiUrl, env }, looking.log);
  await lookAgain(looking, 'Alerts cannot be sent at present.', () => round.make(looking.signal));
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
    const isNews = async (event: AlertEvent, id: string) => {
      for (const receiver of receivers)
        if (receiver.on.includes(event) && (await this.#isDue(receiver, id))) return true;
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

  /** Whether a receiver lacks an alert, and may be tried now. */
  async #isDue(receiver: Receiver, id: string): Promise<boolean> {
    const { count, next } = this.#attemptsOf(receiver, id);
    return count < MOST_ATTEMPTS && Date.now() >= next && !(await this.#sent.has(receiver.name, id));
  }

  #attemptsOf({ name }: Receiver, id: string): Attempt {
    return this.#attempts.get(`${name} ${id}`) ?? { count: 0, next: 0 };
  }

  async #deliver(receiver: Receiver, alert: Alert, signal: AbortSignal): Promise<void> {
    if (signal.aborted || !(await this.#isDue(receiver, alert.id))) return;
    const key = `${receiver.name} ${alert.id}`;
    const { count } = this.#attemptsOf(receiver, alert.id);
    try {
      await receiver.send(alert);
      await this.#sent.add(receiver.name, alert.id, Date.now());
      this.#attempts.delete(key);
    } catch (error) {
      const pause = Math.min(LONGEST_PAUSE_SECONDS, 2 ** count);
      this.#attempts.set(key, { count: count + 1, next: Date.now() + 1000 * pause });
      const { message: reason } = error as Error;
      const then = count + 1 < MOST_ATTEMPTS ? 'it is sent again' : 'it is given up';
      this.#log.warn({ receiver: receiver.name, run: alert.run, reason }, `An alert was not delivered; ${then}.`);
    }
  }
}
