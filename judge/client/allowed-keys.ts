import { z } from 'zod';
import { hasCredentials } from './credentials.ts';
import { JudgeError } from './judge-error.ts';

/** One secret of a worker and one address that it may be sent to, with everything below it. */
const AllowedKey = z.strictObject({
  /** The environment variable that holds it. */
  variable: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
  url: z
    .url({ protocol: /^https?$/ })
    .refine((url) => !hasCredentials(url), 'write no user, password or query into a URL'),
});

/** The section `keys` of `allowed.yaml`. */
export const AllowedKeys = z.array(AllowedKey).max(1000);
export type AllowedKeys = z.infer<typeof AllowedKeys>;

/** What needs no entry, besides any key of an API to a server on the worker's own machine. */
const USUAL: AllowedKeys = [{ variable: 'OPENAI_API_KEY', url: 'https://api.openai.com/' }];

/** Where the owner of a worker says which keys may go where. */
export interface KeyRules {
  keys: AllowedKeys;
  /** For messages. */
  path: string;
}

/** Of a worker whose owner allows nothing more. */
export const USUAL_KEYS: KeyRules = { keys: [], path: '<home>/allowed.yaml' };

/**
 * Checks that a secret may be sent to an address. A run names both, and a run may come from a stranger: a web page that
 * reaches the Temporal server, or a config that was downloaded.
 * @param field the config field that names the variable, such as `judge.apiKeyEnv`.
 * @throws JudgeError `JudgeBlocked` that says what to add, and where.
 */
export function requireAllowed(variable: string, url: string, field: string, { keys, path }: KeyRules): void {
  if ([...USUAL, ...keys].some((entry) => entry.variable === variable && isBelow(url, entry.url))) return;
  const { origin, hostname } = new URL(url);
  if (isThisMachine(hostname)) {
    if (namesApiKey(variable)) return;
    throw new JudgeError({
      kind: 'blocked',
      sentence: `The environment variable ${variable} (${field}) is not named as an API key, such as JUDGE_API_KEY`,
      remedy: `rename it, or let ${path} allow it: keys: [{ variable: ${variable}, url: "${origin}/" }]`,
    });
  }
  throw new JudgeError({
    kind: 'blocked',
    sentence: `The value of ${variable} (${field}) may not be sent to ${origin}: ${path} does not allow it`,
    remedy: `if you trust that address with it, add: keys: [{ variable: ${variable}, url: "${origin}/" }]`,
  });
}

/** Keys of something else than an API: `PUBLIC_KEY`, `AWS_SECRET_ACCESS_KEY`, `GPG_KEY`, `CSRF_TOKEN`. */
const OTHER_KEY = /(^|_)(PUBLIC|PRIVATE|ACCESS|SSH|GPG|PGP|TLS|SSL|HOST|SIGNING|ENCRYPTION|SESSION|CSRF|XSRF)(_|$)/i;

/** Whether an environment variable is named as the key of an API: `JUDGE_API_KEY`, `VLLM_KEY`, `HF_TOKEN`. */
function namesApiKey(variable: string): boolean {
  return /(^|_)(APIKEY|KEY|TOKEN|SECRET)$/i.test(variable) && !OTHER_KEY.test(variable);
}

/** The part of a judge's config that names secrets, and where they go. */
interface NamedSecrets {
  apiKeyEnv: string;
  headers?: Readonly<Record<string, string>>;
  baseUrl: string;
}

/**
 * `requireAllowed`, of every secret that the config of a judge names.
 * @throws JudgeError `JudgeBlocked`.
 */
export function requireAllowedKeys({ apiKeyEnv, headers = {}, baseUrl }: NamedSecrets, rules: KeyRules): void {
  requireAllowed(apiKeyEnv, baseUrl, 'judge.apiKeyEnv', rules);
  for (const [name, variable] of Object.entries(headers))
    requireAllowed(variable, baseUrl, `judge.headers.${name}`, rules);
}

/** Whether a URL is another one, or below it: same scheme, host and port, and a path that continues it. */
function isBelow(url: string, top: string): boolean {
  const [here, there] = [new URL(url), new URL(top)];
  const folder = there.pathname.replace(/\/*$/, '/');
  // Some servers read these as separators, or as a way up.
  if (/%2f|%5c|%2e|;/i.test(here.pathname)) return false;
  return here.origin === there.origin && `${here.pathname}/`.startsWith(folder);
}

function isThisMachine(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}
