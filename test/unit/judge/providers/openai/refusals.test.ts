import { APIError } from 'openai';
import { describe, expect, test } from 'vitest';
import { classifyFailure } from '../../../../../judge/providers/openai/classify-failure.ts';
import { errorIn } from '../../../../../judge/providers/openai/error-body.ts';
import { refusalOf } from '../../../../../judge/providers/openai/refusal-of.ts';
import { REFUSALS } from '../../../../../judge/providers/openai/refusals.ts';
import { wholeAnswers } from '../../../../../judge/providers/openai/whole-answers.ts';
import { naming } from '../../../../refusal.ts';

// Bodies as servers were seen to send them: their documentation, their sources, or reports of their users.

const TOO_LONG = 'question too long';
const window = (limit: number, asked: number) =>
  `This model's maximum context length is ${limit} tokens. However, you requested ${asked} tokens (1074 in the ` +
  'messages, 1024 in the completion). Please reduce the length of the messages or completion.';

const BODIES: [server: string, status: number, refusal: string, body: unknown][] = [
  // github.com/camel-ai/owl/issues/432
  [
    'DashScope',
    400,
    'filtered',
    {
      error: {
        code: 'data_inspection_failed',
        param: null,
        message: 'Input data may contain inappropriate content.',
        type: 'data_inspection_failed',
      },
      id: 'chatcmpl-1',
      request_id: '1',
    },
  ],
  // github.com/QwenLM/qwen-code/issues/2905
  [
    'DashScope, by its inner name',
    400,
    'filtered',
    {
      error: {
        code: 'invalid_parameter_error',
        message: '<400> InternalError.Algo.DataInspectionFailed: Input text data may contain inappropriate content.',
        type: 'invalid_request_error',
      },
    },
  ],
  // github.com/666ghj/BettaFish/issues/108
  [
    'DeepSeek',
    400,
    'filtered',
    {
      error: {
        message: 'Content Exists Risk',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_request_error',
      },
    },
  ],
  // github.com/deepseek-ai/DeepSeek-V2/issues/30
  ['DeepSeek, earlier', 400, 'filtered', { detail: 'Content Exists Risk' }],
  // github.com/compl-ai/compl-ai/issues/20
  [
    'Azure',
    400,
    'filtered',
    {
      error: {
        message:
          "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. Please " +
          'modify your prompt and retry.',
        type: null,
        param: 'prompt',
        code: 'content_filter',
        status: 400,
        innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: { violence: { filtered: true } } },
      },
    },
  ],
  // platform.openai.com/docs/guides/reasoning: advice on prompting
  [
    'OpenAI',
    400,
    'filtered',
    {
      error: {
        message:
          'Invalid prompt: your prompt was flagged as potentially violating our usage policy. Please try again with ' +
          'a different prompt.',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_prompt',
      },
    },
  ],
  // openrouter.ai/docs/api-reference/errors
  [
    'OpenRouter',
    403,
    'filtered',
    {
      error: {
        code: 403,
        message: 'Your chosen model requires moderation',
        metadata: { reasons: ['violence'], flagged_input: 'A knife ...', provider_name: 'P', model_slug: 'm' },
      },
    },
  ],
  [
    'OpenRouter, its reasons alone',
    403,
    'filtered',
    { error: { code: 403, message: 'Forbidden', metadata: { reasons: ['violence'] } } },
  ],
  [
    'OpenRouter, a guardrail',
    403,
    'filtered',
    { error: { code: 403, message: 'Forbidden', metadata: { patterns: ['email'] } } },
  ],
  ['OpenRouter, in a sentence', 403, 'filtered', { error: { code: 403, message: 'Input was flagged' } }],
  [
    'xAI',
    403,
    'filtered',
    {
      code: 'The caller does not have permission',
      error: 'Content violates usage guidelines. Failed: SAFETY_CHECK_TYPE_BIO',
    },
  ],
  [
    'Gemini',
    400,
    'filtered',
    [{ error: { code: 400, message: 'Request blocked: PROHIBITED_CONTENT', status: 'INVALID_ARGUMENT' } }],
  ],
  [
    'Moonshot',
    400,
    'filtered',
    { error: { type: 'content_filter', message: 'The request was rejected because it was considered high risk' } },
  ],
  [
    'Volcengine',
    400,
    'filtered',
    {
      error: {
        code: 'InputTextSensitiveContentDetected',
        message: 'The request failed because the input text may contain sensitive information.',
        type: 'BadRequest',
      },
    },
  ],
  ['Zhipu', 400, 'filtered', { error: { code: '1301', message: '系统检测到输入或生成内容可能包含不安全或敏感内容' } }],
  ['MiniMax', 422, 'filtered', { base_resp: { status_code: 1026, status_msg: 'input new_sensitive' } }],
  ['MiniMax, in a sentence', 422, 'filtered', { error: { message: 'output new_sensitive (1027)' } }],
  [
    'Anthropic',
    400,
    'filtered',
    { error: { type: 'invalid_request_error', message: 'Output blocked by content filtering policy' } },
  ],
  ['Bedrock', 400, 'filtered', { error: { code: 'guardrail_intervened', message: 'Sorry.' } }],
  [
    'LiteLLM before Azure (BerriAI/litellm#16231)',
    400,
    'filtered',
    {
      error: {
        message: 'litellm.BadRequestError: litellm.ContentPolicyViolationError: AzureException - Sorry.',
        type: null,
        param: null,
        code: '400',
      },
    },
  ],

  // vllm/entrypoints/openai, as in github.com/ogx-ai/ogx/issues/4534
  [
    'vLLM',
    400,
    TOO_LONG,
    { object: 'error', message: window(2048, 2098), type: 'BadRequestError', param: null, code: 400 },
  ],
  [
    'vLLM, newer',
    400,
    TOO_LONG,
    {
      error: {
        message:
          "'max_tokens' or 'max_completion_tokens' is too large: 9216. This model's maximum context length is 8192 " +
          'tokens and your request has 300 input tokens (9216 > 8192 - 300).',
        type: 'BadRequestError',
        param: 'max_tokens',
        code: 400,
      },
    },
  ],
  // github.com/vllm-project/vllm/issues/4667
  [
    'vLLM, nothing left for the answer',
    400,
    TOO_LONG,
    { object: 'error', message: 'max_tokens must be at least 1, got -186.', type: 'BadRequestError', code: 400 },
  ],
  // github.com/QwenLM/Qwen3/issues/1321
  [
    'SGLang',
    400,
    TOO_LONG,
    {
      object: 'error',
      message: "The input (61709 tokens) is longer than the model's context length (40960 tokens).",
      type: 'BadRequestError',
      param: null,
      code: 400,
    },
  ],
  [
    'SGLang, question and answer',
    400,
    TOO_LONG,
    {
      object: 'error',
      message: "Requested token count exceeds the model's maximum context length of 4096 tokens.",
      type: 'BadRequestError',
      code: 400,
    },
  ],
  [
    'SGLang, without what',
    400,
    TOO_LONG,
    { object: 'error', message: 'Prompt of 9000 tokens exceeds the maximum allowed input length', code: 400 },
  ],
  // llama.cpp/tools/server
  [
    'llama.cpp',
    400,
    TOO_LONG,
    {
      error: {
        code: 400,
        message: 'request (4242 tokens) exceeds the available context size (4096 tokens), try increasing it',
        type: 'exceed_context_size_error',
        n_prompt_tokens: 4242,
        n_ctx: 4096,
      },
    },
  ],
  [
    'llama.cpp, earlier',
    500,
    TOO_LONG,
    { error: { code: 500, message: 'input is too large to process. increase the physical batch size' } },
  ],
  [
    'OpenAI',
    400,
    TOO_LONG,
    {
      error: {
        message: window(4097, 4226),
        type: 'invalid_request_error',
        param: 'messages',
        code: 'context_length_exceeded',
      },
    },
  ],
  ['OpenRouter', 400, TOO_LONG, { error: { code: 'token_limit_exceeded', message: 'Sorry.' } }],
  [
    'TGI',
    422,
    TOO_LONG,
    {
      error: 'Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens',
      error_type: 'validation',
    },
  ],
  [
    'DashScope',
    400,
    TOO_LONG,
    { error: { code: 'invalid_parameter_error', message: 'Range of input length should be [1, 30720]' } },
  ],
  [
    'Mistral',
    400,
    TOO_LONG,
    {
      object: 'error',
      message: 'Prompt contains 40000 tokens, too large for model with 32768 maximum context length',
      type: 'invalid_request_error',
    },
  ],
  [
    'Anthropic',
    400,
    TOO_LONG,
    { error: { type: 'invalid_request_error', message: 'prompt is too long: 200480 tokens > 200000 maximum' } },
  ],
  // github.com/BerriAI/litellm/issues/18282
  [
    'Gemini',
    400,
    TOO_LONG,
    [
      {
        error: { code: 400, message: 'The input token count exceeds the maximum number of tokens allowed (1048576).' },
      },
    ],
  ],
  [
    'Groq, by the minute',
    413,
    TOO_LONG,
    {
      error: {
        message: 'Request too large for model `m` on tokens per minute (TPM): Limit 6000, Requested 7000',
        type: 'tokens',
        code: 'rate_limit_exceeded',
      },
    },
  ],
  [
    'Azure',
    400,
    TOO_LONG,
    { error: { message: 'Input tokens exceed the configured limit of 272000 tokens.', code: 'x' } },
  ],
  ['Cerebras', 400, TOO_LONG, { message: 'Current length is 9000 while limit is 8192', type: 'invalid_request_error' }],
  ['Ollama', 400, TOO_LONG, { error: { message: 'prompt too long; exceeded max context length by 12 tokens' } }],
  [
    'LM Studio',
    400,
    TOO_LONG,
    { error: 'The number of tokens to keep from the initial prompt is greater than the context length.' },
  ],
  [
    'LiteLLM (BerriAI/litellm#7259)',
    400,
    TOO_LONG,
    { error: { message: 'litellm.BadRequestError: litellm.ContextWindowExceededError: X', type: null, code: '400' } },
  ],
  [
    'Moonshot',
    400,
    TOO_LONG,
    { error: { message: 'Invalid request: Your request exceeded model token limit: 8192', type: 'x' } },
  ],

  [
    'OpenAI, the answer',
    400,
    'answer too long',
    {
      error: {
        message:
          'max_tokens is too large: 2048. This model supports at most 1024 completion tokens, whereas you provided ' +
          '2048.',
        param: 'max_tokens',
        code: 'invalid_value',
      },
    },
  ],
  [
    'DashScope, the answer',
    400,
    'answer too long',
    { error: { code: 'invalid_parameter_error', message: 'Range of max_tokens should be [1, 8192]' } },
  ],
  [
    'DeepSeek, the answer',
    400,
    'answer too long',
    { error: { message: 'Invalid max_tokens value, the valid range of max_tokens is [1, 8192]', code: 'x' } },
  ],
  [
    'Groq, the answer',
    400,
    'answer too long',
    { error: { message: '`max_tokens` must be less than or equal to `8192`, the maximum value for this model' } },
  ],
  [
    'Anthropic, the answer',
    400,
    'answer too long',
    { error: { message: 'max_tokens: 9216 > 8192, which is the maximum allowed number of output tokens' } },
  ],
  ['OpenRouter, the answer', 400, 'answer too long', { error: { code: 'max_tokens_exceeded', message: 'Sorry.' } }],
];

const endpoint = { baseUrl: 'http://judge.test/v1', model: 'm', apiKeyEnv: 'KEY' };
const failed = (status: number, body: unknown, asked: string[] = []) =>
  classifyFailure(APIError.generate(status, { error: errorIn(body) }, undefined, new Headers()), {
    ...endpoint,
    asked,
  });

describe('one request is refused, and the others continue', () => {
  test.each(BODIES)('%s, status %d: %s', (_, status, refusal, body) => {
    expect(refusalOf(errorIn(body)!)).toBe(refusal);
    if (refusal === 'answer too long')
      expect(failed(status, body)).toMatchObject({
        fault: { kind: 'blocked', remedy: 'set a smaller judge.maxTokens' },
        tooLong: true,
      });
    else
      expect(failed(status, body)).toEqual(
        refusal === 'filtered'
          ? { unscorable: true, reason: 'the endpoint filtered the content', unread: true }
          : { unscorable: true, reason: naming('longer than the judge can read'), tooLong: true, unread: true },
      );
  });

  test('every row of the table has a body that shows it', () => {
    const shown = REFUSALS.filter((row) =>
      BODIES.some(([, , , body]) => refusalOf(errorIn(body)!, { asked: [] }, [row])),
    );
    expect(REFUSALS.filter((row) => !shown.includes(row))).toEqual([]);
  });
});

describe('words of moderation that firewalls, proxies and gateways use too', () => {
  const VAGUE: [status: number, error: object][] = [
    [403, { message: 'Your request was blocked by our firewall' }],
    [403, { message: 'This request has been blocked by Cloudflare' }],
    [403, { message: 'Access to this content has been blocked by your administrator' }],
    [400, { message: 'sensitive information in header Authorization' }],
    [400, { message: 'Invalid content-type header: content is moderated' }],
    [400, { message: 'Requests from this project violate our usage policies' }],
    [403, { message: 'Blocked by content filtering' }],
    [403, { message: '该请求涉嫌违规' }],
  ];

  test.each(VAGUE)('in JSON, status %d %j: only answers to others show whether it is this text', (status, error) => {
    expect(failed(status, { error })).toMatchObject({
      fault: { kind: 'unavailable', sentence: naming('perhaps'), perhapsOneQuestion: true },
      perhapsPaid: false,
    });
  });

  test.each([
    ...VAGUE,
    [403, { message: '<html>This page may contain inappropriate content: your prompt was flagged</html>' }] as const,
  ])('in a page, status %d %j: a person must look', async (status, { message }: { message?: string }) => {
    const send = async () => new Response(message, { status });
    const response = await wholeAnswers(send as typeof fetch)('http://judge.test');
    expect(failed(status, await response.json())).toMatchObject({ fault: { kind: 'blocked' } });
  });

  test('a prompt that is not found is not filtered', () => {
    const error = { code: 'invalid_prompt', message: 'Prompt template not found' };
    expect(failed(400, { error })).toMatchObject({ fault: { kind: 'blocked' } });
  });
});

describe('nothing is left to pay with', () => {
  test.each([
    [429, { code: '1113', message: '余额不足或无可用资源包,请充值。' }],
    [429, { message: '余额不足或无可用资源包,请充值。' }],
    [429, { code: '1113' }],
    [400, { code: 'Arrearage', message: 'Access denied.' }],
    [429, { type: 'exceeded_current_quota_error', message: 'x' }],
    [403, { message: 'Insufficient balance' }],
  ])('%d %j', (status, error) => {
    expect(failed(status, { error })).toMatchObject({ fault: { kind: 'blocked', remedy: 'top up the account' } });
  });
});

describe('a busy endpoint refuses no text', () => {
  const limits = 'Request too large for m in organization org-1 on tokens per min (TPM): Limit 200000, ';
  test.each([
    [429, 'litellm.RateLimitError: BedrockException - {"message":"Too many tokens, please wait before trying again."}'],
    [429, 'Too many input tokens per minute'],
    [429, `${limits}Used 199000, Requested 1500. Please try again in 150ms`],
    [429, 'Request rate exceeds the maximum limit'],
    [429, 'Your request was blocked by our rate limiter'],
    [429, 'Request exceeds the maximum number of tokens per minute'],
    [503, 'Queue size exceeds the maximum allowed limit'],
    [503, 'Request queue: current length is 100 while limit is 100'],
    [500, 'Usage exceeded model token limit of this hour'],
  ])('status %d: %s', (status, message) => {
    expect(failed(status, { error: { message } })).toMatchObject({ fault: { kind: 'unavailable' } });
  });

  test.each([
    [429, window(2048, 2098)],
    [500, 'request (4242 tokens) exceeds the available context size (4096 tokens), try increasing it'],
    [503, 'litellm.ServiceUnavailableError: ContextWindowExceededError'],
    [429, `${limits}Requested 250000. The input or output tokens must be reduced in order to run successfully.`],
    [429, 'Your prompt was flagged by moderation'],
  ])('but a text is refused where it is named, status %d: %s', (status, message) => {
    expect(failed(status, { error: { message } })).toMatchObject({ unscorable: true });
  });
});

describe('a refusal of a text that warns of the account', () => {
  test.each([
    ['content_policy_violation', 'Rejected. Repeated violations may get your account suspended.'],
    ['content_filter', 'The filter configured for this project flagged the prompt.'],
    ['data_inspection_failed', '您的账号因违规已被封禁'],
    ['400', 'litellm.ContentPolicyViolationError: the rules of your organization are restricted'],
    ['400', 'Your prompt was flagged. Repeated violations may get your account suspended.'],
    ['400', '输入包含敏感内容，账号可能被封禁'],
    ['400', '您的账号输入的内容未通过审核'],
  ])('%s, %s', (code, message) => {
    expect(failed(400, { error: { code, message } })).toMatchObject({ unscorable: true });
  });
});

describe('an account at fault, in Chinese', () => {
  test.each([
    '您的账户已被锁定，请联系客服',
    '账号因违规已被封禁',
    '该账号已停用',
    '当前账户正在审核中',
    '您的账户已欠费，请充值',
    '因多次违规，您的帐号已被冻结',
    '已欠费，请为账户充值',
  ])('%s', (message) => {
    for (const status of [403, 429])
      expect(failed(status, { error: { message } })).toMatchObject({ fault: { kind: 'blocked' } });
  });

  test('one that is locked for a while is waited for', () => {
    for (const message of ['请求过于频繁，账号暂时锁定', 'Your account is temporarily restricted'])
      expect(failed(429, { error: { message } })).toMatchObject({ fault: { kind: 'unavailable' } });
  });
});

describe('what concerns all requests stays a fault', () => {
  test.each([
    ['a wrong key', 401, { error: { message: 'Your request was flagged', code: 'content_filter' } }],
    ['no right to the model', 403, { error: { message: 'You have no access to this model', code: 'x' } }],
    ['a banned account', 403, { error: { message: 'Your account was flagged for abuse and is suspended' } }],
    ['a wrong parameter', 400, { error: { message: "Unknown parameter: 'enable_thinking'", code: 'unknown' } }],
  ])('%s', (_, status, body) => {
    expect(failed(status, body)).toMatchObject({ fault: { kind: 'blocked' } });
  });

  test('also where it repeats a text that is worded like a refusal', () => {
    const caption = 'A sign says "Content Exists Risk" on <b>.';
    const message = `Unknown parameter in ${JSON.stringify({ content: JSON.stringify({ caption }) })}`;
    expect(failed(400, { error: { message } }, [JSON.stringify({ caption })])).toMatchObject({
      fault: { kind: 'blocked' },
    });
  });
});
