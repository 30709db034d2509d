import { isHeaderValue } from '../../core/secret-variables.ts';
import { JudgeError } from './judge-error.ts';

/**
 * A secret that a config names by its environment variable, trimmed.
 * @param field the config field that names the variable, such as `judge.apiKeyEnv`.
 * @param remedy what to do where it is not set.
 * @throws JudgeError `JudgeBlocked` when the variable is not set, or holds what no HTTP header can carry.
 */
export function secretFrom(env: NodeJS.ProcessEnv, variable: string, field: string, remedy: string): string {
  const secret = env[variable]?.trim();
  const named = `The environment variable ${variable} (${field})`;
  if (!secret) throw new JudgeError({ kind: 'blocked', sentence: `${named} is not set`, remedy });
  if (!isHeaderValue(secret))
    throw new JudgeError({
      kind: 'blocked',
      sentence: `${named} holds a line break, or a character that no HTTP header can carry`,
      remedy: 'correct it where the worker runs',
    });
  return secret;
}

/**
 * Whether a secret is one to hide. Servers that check no keys are given any short word as one, such as `EMPTY` or
 * `none`: hiding it would spoil answers in which the word stands.
 */
function isSecret(text: string): boolean {
  return text.length >= 4 && !/^[A-Za-z]{1,11}$/.test(text);
}

/** A text of the endpoint, which may repeat what it was sent. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.filter(isSecret).reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
}

/** Whether a text is a secret, holds one, or is a piece of one. */
export function tellsSecret(text: string, secrets: readonly string[]): boolean {
  return secrets
    .filter(isSecret)
    .some(
      (secret) => text.includes(secret) || (text.length >= Math.min(8, secret.length / 2) && secret.includes(text)),
    );
}
