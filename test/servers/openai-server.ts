import { createHash } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Fault, json, message, PASSING_FAULTS, status, UNUSABLE_ANSWERS } from './openai-faults.ts';

export * from './openai-faults.ts';

/** The question in a request's last message, as the judge's prompts define it. */
export interface AskedQuestion {
  description: string;
  events?: { index: number; event: string }[];
  objects?: { index: number; object: string }[];
  keyPoints?: { index: number; keyPoint: string }[];
  options?: { index: number; option: string }[];
  question?: string;
  correctAnswer?: string;
  predictedAnswer?: string;
}

export interface ChatRequest {
  authorization: string | undefined;
  /** With the query. */
  url: string;
  headers: IncomingHttpHeaders;
  /** As it was sent. */
  body: string;
  model: string;
  temperature?: number;
  max_tokens?: number;
  max_completion_tokens?: number;
  response_format?: { type: string; json_schema?: { name: string; strict: boolean; schema: object } };
  /** Of a message with pictures its text. */
  messages: { role: string; content: string }[];
  /** The pictures and videos of the last message, as `data:` addresses. */
  media: string[];
  question: AskedQuestion;
}

/** What became of one question: model, prompt and text. Notes to a model whose answer was unusable are left out. */
export interface QuestionLog {
  key: string;
  question: AskedQuestion;
  /** Requests that arrived. */
  asked: number;
  /** Completions that were sent whole: what a real endpoint is paid for. */
  answered: number;
  /** Those of them that `failRandomly` made unusable: attempts at the question, not answers. */
  unusable: number;
}

/** Sums over the log. A run that pays nothing twice and loses nothing has `duplicates` 0 and `unanswered` 0. */
export interface Account {
  questions: number;
  asked: number;
  answered: number;
  unusable: number;
  /** Usable answers to questions that had been answered before. */
  duplicates: number;
  /** Questions that never got a usable answer. */
  unanswered: number;
}

export interface OpenAiServer {
  /** What a config's `judge.baseUrl` must be. */
  baseUrl: string;
  /** Every request that arrived, in order. */
  requests: ChatRequest[];
  /** The next requests get these, one each; after them, answers again. */
  failNext(...faults: Fault[]): void;
  /** Takes back what `failNext` still holds, and ends `failRandomly`. */
  forgive(): void;
  /**
   * From now on this share of requests (0-1) gets one of the faults. Which one, and whether, is a function of the seed,
   * the question and how often it was asked: the same whatever order requests come in. Of this share of questions
   * (`unusable`), the first completion besides is one that cannot be used; the second can.
   */
  failRandomly(options: { rate: number; seed: number; faults?: readonly Fault[]; unusable?: number }): void;
  /** Every question, in the order first asked. */
  log(): QuestionLog[];
  account(): Account;
  close(): Promise<void>;
}

/**
 * What the model of a server says: an object is sent as JSON, a text as it is, a fault happens. A function of the
 * question, its prompt and its pictures alone. A promise of one of these too.
 */
export type Answer = (question: AskedQuestion, request: ChatRequest) => unknown;

/**
 * A model that reads words: an event is entailed if it stands in the description; a description's events are its
 * sentences.
 */
export const readsWords: Answer = ({ description, events }) =>
  events
    ? {
        verdicts: events.map(({ index, event }) => ({
          index,
          relationship: description.toLowerCase().includes(event) ? 'entailment' : 'neutral',
        })),
      }
    : { events: description.toLowerCase().replace(/\.$/, '').split('. ') };

/**
 * A loopback server that speaks as much of OpenAI's chat completions as a judge needs, and fails as ordered. To prove
 * that a run pays nothing twice: `failRandomly({ rate: 0.3, seed: 1 })`, run, then compare `account()` with the entries
 * of the ledger.
 */
export async function startOpenAiServer(
  answer: Answer = readsWords,
  { latencyMilliseconds = 0, models }: { latencyMilliseconds?: number; models?: string[] } = {},
): Promise<OpenAiServer> {
  const requests: ChatRequest[] = [];
  const faults: Fault[] = [];
  const log = new Map<string, QuestionLog>();
  let random: Parameters<OpenAiServer['failRandomly']>[0] | undefined;

  const faultFor = (entry: QuestionLog): Fault | undefined => {
    const next = faults.shift();
    if (next || !random) return next;
    const { key, asked } = entry;
    const { rate, seed, faults: choice = PASSING_FAULTS, unusable = 0 } = random;
    if (uniform(seed, key, asked, 'whether') < rate) return oneOf(choice, uniform(seed, key, asked, 'which'));
    if (entry.answered > 0 || entry.unusable > 0 || uniform(seed, key, 'usable') >= unusable) return undefined;
    entry.unusable++;
    return oneOf(UNUSABLE_ANSWERS, uniform(seed, key, 'how'));
  };

  const server = createServer(async (incoming, response) => {
    const request = await readRequest(incoming);
    const { pathname } = new URL(incoming.url!, 'http://localhost');
    if (models && pathname === '/v1/models') return json({ data: models.map((id) => ({ id })) })(response, request, '');
    if (pathname !== '/v1/chat/completions') return status(404, { code: 'unknown_url' })(response, request, '');
    requests.push(request);
    const entry = entryOf(log, request);
    entry.asked++;
    const said = await answer(request.question, request);
    const fault = typeof said === 'function' ? (said as Fault) : faultFor(entry);
    const text = typeof said === 'string' ? said : JSON.stringify(said);
    if (latencyMilliseconds > 0) await new Promise((resolve) => setTimeout(resolve, latencyMilliseconds));
    response.on('finish', () => {
      if (response.statusCode === 200 && response.getHeader('content-type') === 'application/json') entry.answered++;
    });
    (fault ?? message({ content: text }))(response, request, text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    failNext: (...more) => void faults.push(...more),
    forgive: () => {
      faults.splice(0);
      random = undefined;
    },
    failRandomly: (options) => {
      random = options;
    },
    log: () => [...log.values()],
    account: () => accountOf([...log.values()]),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function accountOf(log: QuestionLog[]): Account {
  const sum = (of: (entry: QuestionLog) => number) => log.reduce((total, entry) => total + of(entry), 0);
  return {
    questions: log.length,
    asked: sum(({ asked }) => asked),
    answered: sum(({ answered }) => answered),
    unusable: sum(({ unusable }) => unusable),
    duplicates: sum(({ answered, unusable }) => Math.max(0, answered - unusable - 1)),
    unanswered: sum(({ answered, unusable }) => (answered - unusable <= 0 ? 1 : 0)),
  };
}

function entryOf(log: Map<string, QuestionLog>, { model, messages, media, question }: ChatRequest): QuestionLog {
  const texts = messages?.map(({ content }) => content.split('\n\nYour last answer could not be used')[0]);
  const key = createHash('sha256')
    .update(JSON.stringify([model, texts, ...(media.length > 0 ? [media] : [])]))
    .digest('hex');
  const entry = log.get(key) ?? { key, question, asked: 0, answered: 0, unusable: 0 };
  log.set(key, entry);
  return entry;
}

function oneOf<T>(choice: readonly T[], share: number): T {
  return choice[Math.floor(share * choice.length)]!;
}

/** Between 0 and 1, of whatever is given. */
function uniform(...of: (string | number)[]): number {
  return createHash('sha256').update(JSON.stringify(of)).digest().readUInt32BE() / 2 ** 32;
}

async function readRequest(incoming: IncomingMessage): Promise<ChatRequest> {
  let text = '';
  for await (const chunk of incoming) text += chunk;
  const body = JSON.parse(text || '{}') as Pick<ChatRequest, 'model'> & {
    messages?: { role: string; content: string | Part[] }[];
  };
  const { url = '', headers } = incoming;
  const parts = (body.messages ?? []).flatMap(({ content }) => (typeof content === 'string' ? [] : content));
  const media = parts.flatMap(({ image_url, video_url }) => image_url?.url ?? video_url?.url ?? []);
  const messages = (body.messages ?? []).map(({ role, content }) => ({
    role,
    content: typeof content === 'string' ? content : content.flatMap((part) => part.text ?? []).join('\n'),
  }));
  return {
    ...body,
    ...{ url, headers, body: text, authorization: headers.authorization, messages, media },
    // The last line, where the instructions are in the same message.
    question: media.length > 0 ? { description: '' } : JSON.parse(messages.at(-1)?.content.split('\n').at(-1) ?? '{}'),
  };
}

/** Of a message with pictures. */
interface Part {
  text?: string;
  image_url?: { url: string };
  video_url?: { url: string };
}
