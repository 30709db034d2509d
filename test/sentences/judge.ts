import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APIConnectionError, APIError } from 'openai';
import { checkCommand } from '../../cli/commands/judge-check.ts';
import { waitingSentence } from '../../contracts/judge-waiting.ts';
import { ArtifactStore } from '../../core/artifact-store.ts';
import { requireAllowed, USUAL_KEYS } from '../../judge/client/allowed-keys.ts';
import type { FailedRequest } from '../../judge/client/chat-api.ts';
import { CLOCK } from '../../judge/client/clock.ts';
import { named } from '../../judge/client/config-section.ts';
import { faultText, JudgeError } from '../../judge/client/judge-error.ts';
import type { LlmEndpoint } from '../../judge/client/llm-client.ts';
import { PatientEndpoint, startOutageClock } from '../../judge/client/patient-endpoint.ts';
import { RateLimit } from '../../judge/client/rate-limit.ts';
import { JudgeConfig } from '../../judge/judge-config.ts';
import { Account } from '../../judge/ledger/account.ts';
import { findEntry } from '../../judge/ledger/read-ledger.ts';
import { NoJudge } from '../../judge/no-judge.ts';
import { checkEndpoint } from '../../judge/providers/openai/check-endpoint.ts';
import { classifyFailure } from '../../judge/providers/openai/classify-failure.ts';
import { OpenAiChat, type OpenAiJudgeConfig } from '../../judge/providers/openai/openai-chat.ts';
import { refusedChoice } from '../../judge/providers/openai/refused-choice.ts';
import { ReplyTooLong } from '../../judge/providers/openai/whole-answers.ts';
import { eventEntailment } from '../../judge/questions/event-entailment.ts';
import { eventExtraction } from '../../judge/questions/event-extraction.ts';
import { RuleBasedJudge } from '../../judge/rule-based/rule-based-judge.ts';
import { hang, rateLimited, status } from '../servers/openai-faults.ts';
import { type Answer, type Fault, startOpenAiServer } from '../servers/openai-server.ts';
import type { PinnedSentence } from './sentence.ts';

const ENDPOINT = { baseUrl: 'http://judge.test/v1', model: 'big', apiKeyEnv: 'JUDGE_KEY' };
const judgeOf = (more: object = {}) => JudgeConfig.parse({ kind: 'llm', ...ENDPOINT, ...more }) as OpenAiJudgeConfig;

/** What a failed request means; the proxy refused it, if there is one. */
function meaning(error: unknown, proxy?: string, more: { showing?: boolean } = {}): string {
  const failure = classifyFailure(error, { ...ENDPOINT, proxy, ...more });
  if (failure === undefined) throw error;
  if ('unscorable' in failure) return failure.reason;
  throw new JudgeError((failure as FailedRequest).fault);
}
const refused = (code: number, error: object = {}) =>
  meaning(APIError.generate(code, { error: { message: 'x', ...error } }, undefined, new Headers()));
const byProxy = (code: number) =>
  meaning(
    new APIConnectionError({ cause: new Error(`Proxy response (${code}) !== 200 when HTTP Tunneling`) }),
    'http://proxy.test:3128 (HTTPS_PROXY)',
  );

/** What asking an endpoint ends in, which fails or answers so every time. */
async function asked(fault: Fault, more: object = {}) {
  const server = await startOpenAiServer(() => ({}));
  try {
    server.failNext(...Array.from({ length: 9 }, () => fault));
    const { fault: sentence } = await checkEndpoint(judgeOf({ baseUrl: server.baseUrl, ...more }), {
      env: { JUDGE_KEY: 'sk' },
    });
    return sentence?.replace(server.baseUrl, ENDPOINT.baseUrl);
  } finally {
    await server.close();
  }
}
async function advised(answer: Answer, more: object = {}) {
  const server = await startOpenAiServer(answer);
  try {
    const check = await checkEndpoint(judgeOf({ baseUrl: server.baseUrl, ...more }), { env: { JUDGE_KEY: 'sk' } });
    return check.advice.join('\n');
  } finally {
    await server.close();
  }
}
const neutral: Answer = ({ events = [] }) => ({
  verdicts: events.map(({ index }) => ({ index, relationship: 'neutral' })),
});

const faultOf = (read: { fault: string } | { answer: unknown }) => ('fault' in read ? read.fault : 'no fault');
const verdicts = (text: string) => faultOf(eventEntailment('A dog.', ['a dog', 'a cat']).read(text));
const spent = (budget: object) =>
  new Account({ inputPerMillion: 1, outputPerMillion: 1 }, budget, { usd: 1, calls: 12 }).reserve('key');

/** An endpoint that has been away for a minute. */
function away() {
  const clock = { now: () => 0 };
  const down = new JudgeError({ kind: 'unavailable', sentence: 'The judge is away', details: 'status 500' });
  const endpoint: LlmEndpoint = { name: 'm', identity: () => ({}), ask: () => Promise.reject(down) };
  const outage = startOutageClock(clock);
  return new PatientEndpoint(endpoint, 60, outage, { now: () => 61_000 }).ask(eventExtraction('A dog runs.'));
}
const ledger = async () => new ArtifactStore(await mkdtemp(join(tmpdir(), 'videocap-ledger-')));

/** Faults of the judge: its endpoint, keys, proxies, budgets and answers. */
export const JUDGE_SENTENCES: readonly PinnedSentence[] = [
  [
    'JudgeBlocked: The judge at http://judge.test/v1 sends requests on to another address (status 307): set ' +
      'judge.baseUrl to that address, if you trust it, then `videocap resume`.',
    () => refused(307, {}),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 refuses the request; `videocap judge check` says which ' +
      'of judge.model, judge.maxTokens, judge.answerFormat, judge.extraBody and judge.systemRole do not fit it ' +
      '(status 400, param max_tokens): correct the config or the endpoint, then `videocap resume`.',
    () => refused(400, { param: 'max_tokens' }),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 refuses the key in the environment variable JUDGE_KEY ' +
      '(judge.apiKeyEnv) (status 401, code invalid_api_key): start the worker with a valid one, then `videocap ' +
      'resume`.',
    () => refused(401, { code: 'invalid_api_key' }),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 has no quota left for the key in JUDGE_KEY ' +
      '(judge.apiKeyEnv) (status 402): top up the account, then `videocap resume`.',
    () => refused(402, {}),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 does not let the key in JUDGE_KEY (judge.apiKeyEnv) use ' +
      '"big" (judge.model) (status 403): have it allowed, then `videocap resume`.',
    () => refused(403, {}),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 knows no model "big" (judge.model) under this address ' +
      '(judge.baseUrl) (status 404): serve it there, then `videocap resume`.',
    () => refused(404, {}),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 timed out (status 408). It will be asked again.',
    () => refused(408, {}),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 was in conflict with another request (status 409). It ' +
      'will be asked again.',
    () => refused(409, {}),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 was not ready (status 425). It will be asked again.',
    () => refused(425, {}),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 asks for fewer requests (status 429). It will be asked ' + 'again.',
    () => refused(429, {}),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 has an internal error (status 500). It will be asked ' + 'again.',
    () => refused(500, {}),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 cannot be reached behind its proxy (status 502). It will ' +
      'be asked again.',
    () => refused(502, {}),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 did not answer its proxy in time (status 504). It will be ' +
      'asked again.',
    () => refused(504, {}),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 has no budget left for the key in JUDGE_KEY ' +
      "(judge.apiKeyEnv) (status 400, code billing_hard_limit_reached): raise the account's limit, then " +
      '`videocap resume`.',
    () => refused(400, { code: 'billing_hard_limit_reached' }),
  ],
  ['the endpoint filtered the content', () => refused(400, { code: 'content_filter' })],
  ['the question is longer than the judge can read', () => refused(400, { code: 'context_length_exceeded' })],
  [
    'Unavailable: The judge at http://judge.test/v1 (judge.baseUrl) cannot be reached, or closes the ' +
      'connection. It will be asked again.',
    () => meaning(new APIConnectionError({ cause: new TypeError('x') })),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 (judge.baseUrl) cannot be reached, or closes the ' +
      'connection; requests go through the proxy http://proxy.test:3128 (HTTPS_PROXY). It will be asked again.',
    () => meaning(new APIConnectionError({ cause: new TypeError('x') }), 'http://proxy.test:3128 (HTTPS_PROXY)'),
  ],
  [
    'Unavailable: The judge at http://judge.test/v1 answers with more than 16 MiB. It will be asked again.',
    () => meaning(new APIConnectionError({ cause: new ReplyTooLong() })),
  ],
  [
    'JudgeBlocked: The proxy http://proxy.test:3128 (HTTPS_PROXY) asks for another user name and password ' +
      "(status 407): put them into the proxy's URL, http://USER:PASSWORD@HOST:PORT, where the worker runs, then " +
      '`videocap resume`.',
    () => byProxy(407),
  ],
  [
    'JudgeBlocked: The proxy http://proxy.test:3128 (HTTPS_PROXY) does not let the worker reach the judge at ' +
      'http://judge.test/v1 (status 403): have it allowed, or name the host in NO_PROXY where the worker runs, ' +
      'then `videocap resume`.',
    () => byProxy(403),
  ],
  [
    'Unavailable: The proxy http://proxy.test:3128 (HTTPS_PROXY) does not reach the judge at ' +
      'http://judge.test/v1 (status 503). It will be asked again.',
    () => byProxy(503),
  ],
  [
    'JudgeBlocked: judge.requestsPerMinute is 3, and 4 workers share it: serve the queue with no more workers than ' +
      'that, and give each their number (videocap worker --judge-workers N), then `videocap resume`.',
    () => new RateLimit(CLOCK, () => 4).turn({ requestsPerMinute: 3, tokens: 1 }),
  ],
  [
    'The judge at http://judge.test/v1 did not answer within 0.1 s (judge.timeoutSeconds).',
    () => asked(hang, { timeoutSeconds: 0.1 }),
  ],
  [
    'The judge at http://judge.test/v1 refuses the key in the environment variable JUDGE_KEY ' +
      '(judge.apiKeyEnv) (status 401, code invalid_api_key, request req_1): start the worker with a valid one.',
    () => asked(status(401, { code: 'invalid_api_key' })),
  ],
  [
    'The judge at http://judge.test/v1 asks for fewer requests (status 429, code rate_limit_exceeded, request ' +
      'req_1).',
    () => asked(rateLimited({ 'retry-after': '60' })),
  ],
  [
    'Remove judge.extraBody.top_k: without it the endpoint answers.',
    () =>
      advised((question, request) => ('top_k' in JSON.parse(request.body) ? status(400) : neutral(question, request)), {
        extraBody: { top_k: 1 },
      }),
  ],
  [
    'Set judge.systemRole: false: the endpoint answers where the instructions go into the user message.',
    () =>
      advised((question, request) =>
        request.messages[0]!.role === 'system' ? status(500) : neutral(question, request),
      ),
  ],
  [
    'The judge at x has no quota left: top up the account',
    () => faultText({ kind: 'blocked', sentence: 'The judge at x has no quota left', remedy: 'top up the account' }),
  ],
  [
    'It knows no model "m" (benchmark.judge.model): set benchmark.judge.model, then `videocap resume`.',
    () =>
      (
        named(
          'benchmark.judge',
          new JudgeError({
            kind: 'blocked',
            sentence: 'It knows no model "m" (judge.model)',
            remedy: 'set judge.model',
          }),
        ) as Error
      ).message,
  ],
  [
    'JudgeBlocked: The captioner at http://judge.test/v1 (policy.engine.baseUrl) knows no model "m" (policy.model): ' +
      'set a smaller benchmark.maxNewTokens, then `videocap resume`.',
    () =>
      Promise.reject(
        named(
          'policy.engine',
          new JudgeError({
            kind: 'blocked',
            sentence: 'The judge at http://judge.test/v1 (judge.baseUrl) knows no model "m" (judge.model)',
            remedy: 'set a smaller judge.maxTokens',
          }),
        ),
      ),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 refuses the request; compare judge.frames, judge.extraBody and ' +
      'judge.maxTokens with what it takes (status 400): correct the config or the endpoint, then `videocap resume`.',
    () => meaning(APIError.generate(400, {}, undefined, new Headers()), undefined, { showing: true }),
  ],
  [
    'JudgeBlocked: The judge at http://judge.test/v1 does not take top_k: start again with that decoding setting at ' +
      'its default, in the config or by --captioning, then `videocap resume`.',
    () => {
      const refusal = APIError.generate(400, { error: { param: 'top_k' } }, undefined, new Headers());
      throw new JudgeError(refusedChoice(refusal, { top_k: 20 }, ENDPOINT.baseUrl)!.fault);
    },
  ],
  [
    'waiting for the captioner: The captioner at http://x is away, since 1970-01-01 00:00:01 UTC',
    () => waitingSentence({ why: 'The captioner at http://x is away.', since: 1000, of: 'captioner' }),
  ],
  [
    'JudgeBlocked: The environment variable JUDGE_KEY (judge.apiKeyEnv) is not set: start the worker with the ' +
      'key of the judge endpoint in it, or with any text if the endpoint asks for none, then `videocap resume`.',
    () => new OpenAiChat(judgeOf(), {}),
  ],
  [
    'JudgeBlocked: The environment variable TEAM (judge.headers.X-Team) is not set: start the worker with the ' +
      'value of the header in it, then `videocap resume`.',
    () => new OpenAiChat(judgeOf({ headers: { 'X-Team': 'TEAM' } }), { JUDGE_KEY: 'sk' }),
  ],
  [
    'JudgeBlocked: The environment variable JUDGE_KEY (judge.apiKeyEnv) holds a line break, or a character ' +
      'that no HTTP header can carry: correct it where the worker runs, then `videocap resume`.',
    () => new OpenAiChat(judgeOf(), { JUDGE_KEY: 'sk\nX-Evil: 1' }),
  ],
  [
    'JudgeBlocked: The environment variable HTTP_PROXY holds no URL of an HTTP proxy: set it to a URL such as ' +
      'http://proxy.example:3128 where the worker runs, then `videocap resume`.',
    () => new OpenAiChat(judgeOf(), { JUDGE_KEY: 'sk', HTTP_PROXY: 'socks5://proxy.test' }),
  ],
  [
    'JudgeBlocked: The run has put 12 questions to its judge, and judge.budget.calls is 12: raise it with ' +
      '`videocap limits`, then `videocap resume`.',
    () => spent({ calls: 12 }),
  ],
  [
    "JudgeBlocked: The run's judge has cost 1.00 USD, and judge.budget.usd is 0.5: raise it with `videocap " +
      'limits`, then `videocap resume`.',
    () => spent({ usd: 0.5 }),
  ],
  [
    'JudgeBlocked: No answer has come for 61 s, and judge.patienceSeconds is 60. The judge is away (status ' +
      '500): check the endpoint, then `videocap resume`.',
    () => away(),
  ],
  ['it must have exactly one verdict for each index from 1 to 2', () => verdicts('{"verdicts": []}')],
  ['it must have exactly the fields that were asked for', () => verdicts('{"events": []}')],
  ['it must be one JSON object', () => verdicts('All of them.')],
  ['it must be valid JSON', () => verdicts('{"verdicts": [')],
  ['it must be much shorter', () => verdicts('{'.repeat(200_000))],
  [
    'it must have at most 50 short events',
    () => faultOf(eventExtraction('A dog.').read(JSON.stringify({ events: ['x'.repeat(301)] }))),
  ],
  ['The run has no judge (judge.kind is none).', () => new NoJudge().rate().then(({ reason }) => reason)],
  [
    'InvalidConfig: judge.kind rule-based cannot rate captions, as reward.caption.variant ' +
      'completeness-naturalness needs; set judge.kind to llm, or another variant.',
    () => new RuleBasedJudge().rate(),
  ],
  [
    'InvalidConfig: judge.kind rule-based reads only events of the small world, such as "a small red circle ' +
      'moves left"; sample clip-7 has "a dog barks". For your own videos set judge.kind to llm.',
    () => new RuleBasedJudge().checkReference('clip-7', ['a dog barks']),
  ],
  [
    'InvalidInput: The ledger has no key that begins with "x"; list them first.',
    () => ledger().then((store) => findEntry(store, 'x')),
  ],
  [
    'InvalidConfig: The judge of quickstart is rule-based, which is no endpoint. Name a config with a ' +
      'language model, or set one: --set judge.kind=llm --set judge.model=gpt-4o-mini',
    () => checkCommand.parseAsync(['quickstart'], { from: 'user' }),
  ],
  [
    'JudgeBlocked: The environment variable NO_SUCH_KEY (judge.apiKeyEnv) is not set: set it right in this ' +
      'shell, and where the workers start.',
    () =>
      checkCommand.parseAsync(
        [
          ...[
            'quickstart',
            '--set',
            'judge.kind=llm',
            '--set',
            'judge.model=m',
            '--set',
            'judge.apiKeyEnv=NO_SUCH_KEY',
          ],
          ...['--set', 'judge.baseUrl=http://127.0.0.1:9/v1'],
        ],
        { from: 'user' },
      ),
  ],
  [
    'JudgeBlocked: The value of NO_SUCH_KEY (judge.apiKeyEnv) may not be sent to https://judge.example: ' +
      '<home>/allowed.yaml does not allow it: if you trust that address with it, add: keys: [{ variable: ' +
      'NO_SUCH_KEY, url: "https://judge.example/" }], then `videocap resume`.',
    () => requireAllowed('NO_SUCH_KEY', 'https://judge.example/v1', 'judge.apiKeyEnv', USUAL_KEYS),
  ],
  [
    'JudgeBlocked: The environment variable HOME (judge.apiKeyEnv) is not named as an API key, such as ' +
      'JUDGE_API_KEY: rename it, or let <home>/allowed.yaml allow it: keys: [{ variable: HOME, url: ' +
      '"http://127.0.0.1:9/" }], then `videocap resume`.',
    () => requireAllowed('HOME', 'http://127.0.0.1:9/v1', 'judge.apiKeyEnv', USUAL_KEYS),
  ],
];
