import { accountAtFault } from './account-at-fault.ts';
import { withoutEchoes } from './echoes.ts';
import type { SaidError } from './error-body.ts';
import { REFUSALS, type Refusal, type RefusalRow } from './refusals.ts';

/** Characters that are searched. */
const LONGEST_MESSAGE = 8000;

/** What else decides: the response's status, and the texts of the request. */
export interface RefusedBy {
  status?: number;
  asked?: readonly string[] | undefined;
}

/**
 * Whether an endpoint refuses this one request rather than all, and why. Codes and names count first, whatever the
 * message warns of; an account at fault is no refusal of a text, however it is worded, nor is a page.
 */
export function refusalOf(
  error: SaidError,
  { status = 400, asked = [] }: RefusedBy = {},
  table: readonly RefusalRow[] = REFUSALS,
): Refusal | undefined {
  const { code = '', type = '', metadata = {} } = error;
  const message = messageOf(error, asked);
  const named = table.find(
    (row) =>
      row.code?.test(code) ||
      row.code?.test(type) ||
      row.names?.some((name) => name.test(message)) ||
      (row.reports !== undefined && metadata[row.reports] != null),
  );
  if (named) return named.refusal;
  if (accountAtFault(message)) return undefined;
  const busy = status === 429 || status >= 500 || asksToWait(error, asked);
  const words = table.find(
    (row) => (!busy || !row.vague || neverFits(message)) && row.says?.some((words) => words.test(message)),
  );
  // A page or plain text about blocked content is a firewall's or a proxy's, which refuse whatever is asked.
  return error.notJson && /filtered/.test(words?.refusal ?? '') ? undefined : words?.refusal;
}

/** What an endpoint says, without what that repeats of the request. */
export function messageOf({ message = '' }: SaidError, asked: readonly string[] = []): string {
  return withoutEchoes(message, asked).slice(0, LONGEST_MESSAGE);
}

/**
 * Whether an endpoint asks for patience, whatever the status: Bedrock says `Too many tokens, please wait before trying
 * again` with 400 or 429, and gateways repeat that with others.
 */
export function asksToWait(error: SaidError, asked: readonly string[] = []): boolean {
  const { code = '', type = '' } = error;
  return [code, type].some((name) => THROTTLED.test(name)) || WAIT.test(messageOf(error, asked));
}
const THROTTLED = /throttl|rate_?limit|too_?many_?requests|slow_?down/i;
const WAIT = new RegExp(
  'please wait|wait (?:before|for|a few|a moment|\\d+)|throttl|rate[ _-]?limit|too many requests|slow down|' +
    'try(?:ing)? again (?:later|soon|shortly|in \\d|in a)|tokens per (?:second|minute|hour|day)',
  'i',
);

/** `Limit 6000, Requested 7000`: more than the limit by itself, so that no waiting helps. */
function neverFits(message: string): boolean {
  const [, limit, requested] = /\blimit:? (\d+)\b.{0,60}\brequested:? (\d+)\b/i.exec(message) ?? [];
  return Number(requested) > Number(limit);
}
