import type { SaidError } from './error-body.ts';

/**
 * Why an endpoint takes one request and not another.
 * - `filtered`: its moderation does not let the text pass.
 * - `question too long`: question and answer do not fit the model's context window.
 * - `answer too long`: the model does not write so many tokens, whatever it is asked.
 */
export type Refusal = 'filtered' | 'question too long' | 'answer too long';

/** One way in which servers say it. `code`, `says`, `reports`: any of them is enough. */
export interface RefusalRow {
  server: string;
  refusal: Refusal;
  /** Its `code` or `type`. */
  code?: RegExp;
  /** In its message, without what that repeats of the request. */
  says?: readonly RegExp[];
  /** A field of its `metadata`. */
  reports?: string;
}

/**
 * The first row that fits holds. The wordings are those of the servers named, collected from their documentation, their
 * sources and reports of their users; gateways such as LiteLLM repeat them inside a message of their own.
 */
export const REFUSALS: readonly RefusalRow[] = [
  // Before the windows: these name a limit of the answer alone.
  {
    server: 'OpenAI',
    refusal: 'answer too long',
    says: [/max_(?:completion_)?tokens\W+is too large: \d+\. This model supports/i],
  },
  { server: 'DashScope', refusal: 'answer too long', says: [/range of max_(?:completion_)?tokens should be/i] },
  { server: 'DeepSeek', refusal: 'answer too long', says: [/valid range of max_(?:completion_)?tokens is/i] },
  {
    server: 'Groq',
    refusal: 'answer too long',
    says: [/max_(?:completion_)?tokens\W+must be (?:less than or equal|at most|<=)/i],
  },
  { server: 'Anthropic', refusal: 'answer too long', says: [/max_tokens: \d+ > \d+/i] },
  { server: 'OpenRouter', refusal: 'answer too long', code: /^max_tokens_exceeded$/i },

  { server: 'OpenAI', refusal: 'question too long', code: /^(?:model_)?context_(?:length|window)_exceeded$/i },
  {
    server: 'OpenRouter',
    refusal: 'question too long',
    code: /^(?:token_limit_exceeded|string_too_long|string_above_max_length)$/i,
  },
  {
    server: 'llama.cpp',
    refusal: 'question too long',
    code: /^exceed_context_size_error$/i,
    says: [/exceeds the available context size/i, /context size has been exceeded/i, /input is too large to process/i],
  },
  {
    server: 'vLLM',
    refusal: 'question too long',
    says: [
      /maximum (?:context|model|prompt|input|sequence) length (?:is|of)/i,
      /max_model_len/i,
      /max_tokens must be at least 1, got -/i,
    ],
  },
  {
    server: 'SGLang',
    refusal: 'question too long',
    says: [
      /longer than the model'?s context length/i,
      /exceeds? the (?:model'?s )?max(?:imum)? (?:allowed )?(?:context|input|sequence)? ?(?:length|limit|size|window)/i,
    ],
  },
  {
    server: 'TGI',
    refusal: 'question too long',
    says: [/`?inputs`? (?:tokens \+ `?max_new_tokens`? )?must (?:be|have) (?:<=|less than) ?\d+/i],
  },
  { server: 'DashScope', refusal: 'question too long', says: [/range of input length should be/i] },
  { server: 'Mistral', refusal: 'question too long', says: [/too large for model with \d+ maximum context length/i] },
  {
    server: 'Anthropic',
    refusal: 'question too long',
    says: [/prompt is too long/i, /exceeds? (?:the )?context (?:limit|window|length)/i],
  },
  {
    server: 'Gemini',
    refusal: 'question too long',
    says: [/exceeds? the maximum number of (?:input )?tokens/i, /input token count/i],
  },
  {
    server: 'Groq',
    refusal: 'question too long',
    says: [/reduce the length of (?:the|your) (?:input |prompt)?(?:messages|prompt|input)?/i, /request too large for/i],
  },
  { server: 'Azure', refusal: 'question too long', says: [/input tokens exceed the configured limit/i] },
  { server: 'Cerebras', refusal: 'question too long', says: [/current length is \d+ while limit is \d+/i] },
  {
    server: 'Ollama',
    refusal: 'question too long',
    says: [
      /(?:prompt|input) (?:is )?too long/i,
      /exceeded? (?:the )?max(?:imum)? context length/i,
      /configured context size is/i,
    ],
  },
  {
    server: 'LM Studio',
    refusal: 'question too long',
    says: [
      /greater than the context length/i,
      /context (?:length|window|size) (?:was )?(?:exceeded|is not enough)/i,
      /overflows? the context/i,
    ],
  },
  { server: 'LiteLLM', refusal: 'question too long', says: [/ContextWindowExceededError/] },
  {
    server: 'Moonshot',
    refusal: 'question too long',
    says: [/exceeded model token limit/i, /too many (?:input )?tokens/i],
  },

  {
    server: 'Azure',
    refusal: 'filtered',
    code: /^(?:content_filter\w*|ResponsibleAIPolicyViolation)$/i,
    says: [/content management policy/i],
  },
  {
    server: 'OpenAI',
    refusal: 'filtered',
    code: /^(?:content_policy_violation|invalid_prompt|moderation_blocked|cyber_policy)$/i,
    says: [
      /violat\w* (?:of )?our (?:usage|content|use)? ?polic/i,
      /rejected (?:as a result of|by) (?:our|the) safety system/i,
    ],
  },
  {
    server: 'DashScope',
    refusal: 'filtered',
    code: /data_?inspection_?failed/i,
    says: [/data_?inspection_?failed/i, /may contain inappropriate content/i],
  },
  { server: 'DeepSeek', refusal: 'filtered', says: [/content exists risk/i] },
  {
    server: 'OpenRouter',
    refusal: 'filtered',
    reports: 'flagged_input',
    says: [
      /(?:input|prompt|output|message|request|content) (?:was|were|has been|is) (?:flagged|moderated|blocked by)\b/i,
      /requires moderation/i,
    ],
  },
  { server: 'OpenRouter', refusal: 'filtered', reports: 'reasons' },
  { server: 'OpenRouter', refusal: 'filtered', reports: 'patterns' },
  { server: 'xAI', refusal: 'filtered', says: [/content violates/i, /SAFETY_CHECK_TYPE/i] },
  {
    server: 'Gemini',
    refusal: 'filtered',
    says: [
      /PROHIBITED_CONTENT/i,
      /blocked (?:due to|for|because of) (?:safety|prohibited|content|recitation)/i,
      /block_?reason/i,
    ],
  },
  { server: 'Moonshot', refusal: 'filtered', says: [/considered high risk/i] },
  {
    server: 'Volcengine',
    refusal: 'filtered',
    code: /SensitiveContentDetected/i,
    says: [/SensitiveContentDetected/i, /sensitive (?:content|information|words?)/i],
  },
  { server: 'Zhipu', refusal: 'filtered', code: /^1301$/, says: [/不安全/, /敏感/, /违规/, /内容安全/, /审核/] },
  { server: 'MiniMax', refusal: 'filtered', code: /^102[67]$/, says: [/new_sensitive/i] },
  { server: 'Anthropic', refusal: 'filtered', says: [/blocked by (?:our )?content filtering/i] },
  {
    server: 'Bedrock',
    refusal: 'filtered',
    code: /guardrail_intervened/i,
    says: [/blocked by (?:a )?(?:content )?(?:filter|guardrail|moderation)/i],
  },
  {
    server: 'LiteLLM',
    refusal: 'filtered',
    says: [/ContentPolicyViolation/, /content_policy_violation/, /ResponsibleAIPolicyViolation/],
  },
];

/** An account that is banned is no refusal of a text, however it is worded. */
const ACCOUNT = new RegExp(
  '\\b(?:account|organi[sz]ation|api key|project|team|access|billing)\\b[^.]{0,60}' +
    '\\b(?:flagged|suspended|deactivated|disabled|terminated|banned|restricted)',
  'i',
);

/** An endpoint may repeat what it was asked, which may be worded like an error: it is searched without that. */
const LONGEST_MESSAGE = 8000;

/**
 * Whether an endpoint refuses this one request rather than all, and why.
 * @param asked the texts of the request.
 */
export function refusalOf(
  error: SaidError,
  asked: readonly string[] = [],
  table: readonly RefusalRow[] = REFUSALS,
): Refusal | undefined {
  const { code = '', type = '', metadata = {} } = error;
  const message = withoutTexts(error.message ?? '', asked).slice(0, LONGEST_MESSAGE);
  if (ACCOUNT.test(message)) return undefined;
  return table.find(
    (row) =>
      row.code?.test(code) ||
      row.code?.test(type) ||
      row.says?.some((words) => words.test(message)) ||
      (row.reports !== undefined && metadata[row.reports] != null),
  )?.refusal;
}

/** As they are, or as JSON writes them, once or twice. */
function withoutTexts(message: string, asked: readonly string[]): string {
  const quoted = (text: string) => JSON.stringify(text).slice(1, -1);
  return asked
    .flatMap((text) => [quoted(quoted(text)), quoted(text), text])
    .filter((text) => text.length > 0)
    .reduce((rest, text) => rest.replaceAll(text, ' '), message);
}
