import { afterThinking } from '../../client/after-thinking.ts';
import { ChatEndpoint } from '../../client/chat-endpoint.ts';
import { withoutCredentials } from '../../client/credentials.ts';
import { faultText, JudgeError, type JudgeFault } from '../../client/judge-error.ts';
import type { Exchange, PaidRequest } from '../../client/llm-client.ts';
import type { Question } from '../../questions/question.ts';
import {
  ANSWER_FORMATS,
  type AnswerFormat,
  type EndpointCheck,
  type EndpointCheckOptions,
  type ExampleVerdicts,
  type FormatCheck,
} from '../endpoint-check.ts';
import { CAPTION, exampleQuestion, exampleVerdicts, ORDERS } from '../example.ts';
import { OpenAiChat, type OpenAiJudgeConfig } from './openai-chat.ts';
import { isObject, isOfShape, SHAPE_PROBE } from './shape-probe.ts';

/** The user can check again after a short failure; a slow endpoint should not be waited for three times. */
const TRIES = 1;

type Ask = <T>(question: Question<T>, more: Partial<OpenAiJudgeConfig>) => Promise<Exchange<T>>;

/**
 * Asks an endpoint seven short questions, outside the ledger, and says what it can do. The endpoint's faults are in the
 * result, not thrown.
 * @throws JudgeError `JudgeBlocked` when the environment variable of the key is not set.
 */
export async function checkEndpoint(
  config: OpenAiJudgeConfig,
  { env = process.env, step = (_, work) => work() }: EndpointCheckOptions = {},
): Promise<EndpointCheck> {
  const attempts: PaidRequest[] = [];
  let thinks = false;
  const ask: Ask = async (question, more) => {
    const changed = { ...config, ...more };
    const api = new OpenAiChat(changed, env);
    try {
      const exchange = await new ChatEndpoint(api, changed, { tries: TRIES }).ask(question);
      attempts.push(...exchange.attempts);
      return exchange;
    } finally {
      check.refused = api.refused;
      thinks ||= api.thinks;
    }
  };
  const check: EndpointCheck = {
    endpoint: withoutCredentials(config.baseUrl),
    model: config.model,
    formats: {},
    options: {},
    advice: [],
    refused: [],
    latencySeconds: [],
  };
  // Throws before anything is sent where the key is missing.
  const api = new OpenAiChat(config, env);
  check.options = api.options;
  const models = await step('which models it lists', () => api.models());
  if (models) check.models = models;

  // Plain text first: an endpoint that fails there has another fault than the format.
  const plain = await step('a question in plain text', () =>
    tried(() => ask(exampleQuestion(CAPTION), { answerFormat: 'text' })),
  );
  if ('fault' in plain) {
    if (isRefusal(plain.fault))
      check.advice = await step('the same with other settings', () => otherSettings(config, ask));
    return { ...check, fault: `${faultText(plain.fault)}.` };
  }
  check.formats.text = usable(plain);
  for (const format of ['json-object', 'json-schema'] as const)
    check.formats[format] = await step(`the same as ${format}`, () => checkFormat(ask, format));

  const answerFormat = recommended(check.formats);
  if (answerFormat !== undefined) {
    check.answerFormat = answerFormat;
    const example = await step('an example', () => verdictsOn(CAPTION, ask, answerFormat));
    const hostile = await step('a caption that gives orders', () => verdictsOn(CAPTION + ORDERS, ask, answerFormat));
    Object.assign(check, example && { example }, hostile && { hostile });
  }
  check.reportsTokens = attempts.every(
    ({ estimated, inputTokens, outputTokens }) => !estimated && inputTokens > 0 && outputTokens > 0,
  );
  check.latencySeconds = attempts.map(({ seconds }) => seconds);
  if (thinks) check.advice.push(THINKS);
  const remedy = answerFormat === undefined ? remedyFor(attempts, { thinks, maxTokens: config.maxTokens }) : undefined;
  if (remedy !== undefined) check.remedy = remedy;
  return check;
}

const THINKS =
  'The model thinks before it answers, which takes time and is paid for. vLLM and SGLang turn that off, where the ' +
  "model's template allows it, by judge.extraBody: { chat_template_kwargs: { enable_thinking: false } }.";

/** Why the answers of a model cannot be read, as a remedy; `undefined` where the model does not follow the prompt. */
function remedyFor(
  attempts: readonly PaidRequest[],
  { thinks, maxTokens }: { thinks: boolean; maxTokens: number },
): string | undefined {
  const cutOff = attempts.filter(({ finishReason }) => finishReason === 'length');
  const most = Math.max(maxTokens, ...attempts.map(({ outputTokens }) => outputTokens));
  if (cutOff.length > attempts.length / 2)
    return (
      `Set judge.maxTokens to ${4 * most} or more (the config has ${maxTokens}): the model had not ended after ` +
      `${most} tokens${thinks || cutOff.some(({ text }) => text.trim() === '') ? ', most of them its thinking' : ''}.`
    );
  if (thinks && attempts.every(({ text }) => afterThinking(text).trim() === ''))
    return (
      'The endpoint gives the model’s thinking and no answer: turn its thinking off (judge.extraBody), or start the ' +
      'server with the reasoning parser of this model.'
    );
  return undefined;
}

/** Whether the endpoint refuses the request itself. Servers whose chat template fails answer with 500. */
function isRefusal({ kind, details = '' }: JudgeFault): boolean {
  return /^status (?:400|422)\b/.test(details) ? kind === 'blocked' : /^status 500\b/.test(details);
}

/** Asks without one of the options after another, and says without which the endpoint answers. */
async function otherSettings({ extraBody, systemRole }: OpenAiJudgeConfig, ask: Ask): Promise<string[]> {
  const answers = async (more: Partial<OpenAiJudgeConfig>) =>
    !('fault' in (await tried(() => ask(exampleQuestion(CAPTION), { answerFormat: 'text', ...more }))));
  const advice: string[] = [];
  for (const name of Object.keys(extraBody)) {
    const { [name]: _, ...rest } = extraBody;
    if (await answers({ extraBody: rest }))
      advice.push(`Remove judge.extraBody.${name}: without it the endpoint answers.`);
  }
  if (systemRole && (await answers({ systemRole: false })))
    advice.push('Set judge.systemRole: false: the endpoint answers where the instructions go into the user message.');
  return advice;
}

async function checkFormat(ask: Ask, answerFormat: 'json-object' | 'json-schema'): Promise<FormatCheck> {
  const seen = await tried(() => ask(exampleQuestion(CAPTION), { answerFormat }));
  if ('fault' in seen) return { works: false, fault: refusal(seen.fault) };
  const probe = await tried(() => ask(SHAPE_PROBE, { answerFormat, maxTokens: SHAPE_PROBE.maxTokens }));
  if ('fault' in probe || !('answer' in probe.outcome)) return usable(seen);
  const enforced = (answerFormat === 'json-schema' ? isOfShape : isObject)(probe.outcome.answer);
  return { ...usable(seen), enforced };
}

async function verdictsOn(
  description: string,
  ask: Ask,
  answerFormat: AnswerFormat,
): Promise<ExampleVerdicts | undefined> {
  const seen = await tried(() => ask(exampleQuestion(description), { answerFormat }));
  if ('fault' in seen || !('answer' in seen.outcome)) return undefined;
  return exampleVerdicts(description, seen.outcome.answer);
}

/** The first format that works and that the server enforces; without one, the least demanding that works. */
function recommended(formats: EndpointCheck['formats']): AnswerFormat | undefined {
  const working = ANSWER_FORMATS.filter((format) => formats[format]?.works);
  return working.find((format) => formats[format]!.enforced) ?? working.at(-1);
}

function usable({ outcome }: Exchange<unknown>): FormatCheck {
  return 'answer' in outcome ? { works: true } : { works: false, fault: outcome.reason };
}

/** The answer, or the endpoint's fault. */
async function tried<T>(work: () => Promise<T>): Promise<T | { fault: JudgeFault }> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof JudgeError)) throw error;
    return { fault: error.fault };
  }
}

/** For an endpoint that answers plain text and refuses another format, the status explains enough. */
function refusal(fault: JudgeFault): string {
  return fault.details === undefined ? `${faultText(fault)}.` : `refused (${fault.details})`;
}
