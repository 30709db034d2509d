import { spawn } from 'node:child_process';
import { isHeaderValue, withoutSecretVariables } from '../../core/secret-variables.ts';
import type { Alert } from './alert.ts';
import type { AlertRules, Webhook } from './alert-rules.ts';

const WEBHOOK_MILLISECONDS = 10_000;
const COMMAND_MILLISECONDS = 30_000;

/** One receiver of alerts. */
export interface Receiver {
  /** How the log names it: without a secret, which a webhook's path often is. */
  name: string;
  on: readonly Alert['event'][];
  /** @throws Error whose message has no secret. */
  send(alert: Alert): Promise<void>;
}

/** The receivers of the owner's rules. */
export function receiversOf({ webhooks, commands }: AlertRules, env: NodeJS.ProcessEnv = process.env): Receiver[] {
  return [
    ...webhooks.map((webhook, i) => ({
      name: `webhook ${i + 1}`,
      on: webhook.on,
      send: (alert: Alert) => post(webhook, alert, env),
    })),
    ...commands.map(({ command, on }, i) => ({
      name: `command ${i + 1} (${command[0]})`,
      on,
      send: (alert: Alert) => run(command, alert, env),
    })),
  ];
}

async function post({ url, urlEnv, headers }: Webhook, alert: Alert, env: NodeJS.ProcessEnv): Promise<void> {
  const address = url ?? secretOf(urlEnv!, env);
  const secret = Object.entries(headers).map(([header, variable]) => [header, headerOf(variable, env)]);
  let response: Response;
  try {
    response = await fetch(address, {
      method: 'POST',
      body: JSON.stringify(alert),
      headers: { ...Object.fromEntries(secret), 'content-type': 'application/json', 'idempotency-key': alert.id },
      // A receiver that has moved is for the owner to name: headers with secrets go nowhere else.
      redirect: 'manual',
      signal: AbortSignal.timeout(WEBHOOK_MILLISECONDS),
    });
  } catch (error) {
    // The message may name the address; the code says what was wrong.
    const { name, cause } = error as Error & { cause?: { code?: string } };
    throw new Error(`no answer (${cause?.code ?? name})`);
  }
  await response.body?.cancel();
  if (!response.ok) throw new Error(`status ${response.status}`);
}

function secretOf(variable: string, env: NodeJS.ProcessEnv): string {
  const value = env[variable]?.trim();
  if (!value) throw new Error(`the environment variable ${variable} is not set where the worker runs`);
  return value;
}

/** Checked before: `fetch` quotes a value that it refuses. */
function headerOf(variable: string, env: NodeJS.ProcessEnv): string {
  const value = secretOf(variable, env);
  if (!isHeaderValue(value)) throw new Error(`the environment variable ${variable} holds what no header can carry`);
  return value;
}

function run([program, ...args]: readonly string[], alert: Alert, env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program!, args, {
      env: withoutSecretVariables(env),
      stdio: ['pipe', 'ignore', 'ignore'],
      timeout: COMMAND_MILLISECONDS,
      killSignal: 'SIGKILL',
    });
    child.once('error', ({ message }) => reject(new Error(`cannot be started: ${message}`)));
    child.once('close', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(signal ? `ended by ${signal}` : `ended with ${code}`)),
    );
    // A program that reads nothing closes its input.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(alert)}\n`);
  });
}
