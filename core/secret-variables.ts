/**
 * Whether an environment variable is named as one that holds a secret, such as `OPENAI_API_KEY`, `HF_TOKEN` or
 * `SSH_AUTH_SOCK`: programs that need none are started without it.
 */
export function namesSecret(variable: string): boolean {
  return /(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?|AUTH|AUTHORIZATION)($|_)/i.test(
    variable,
  );
}

/** An environment without the variables that are named as secrets, for programs that need none. */
export function withoutSecretVariables(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !namesSecret(name)));
}

/**
 * Whether a secret can be the value of an HTTP header: ASCII, and one line. Checked before a request is made, since
 * `fetch` quotes a value that it refuses in its error.
 */
export function isHeaderValue(secret: string): boolean {
  return /^[\t\x20-\x7e]+$/.test(secret);
}
