/**
 * Why an endpoint takes one request and not another.
 * - `filtered`: its moderation does not let the text pass.
 * - `perhaps filtered`: the words are also those of a firewall, of a proxy, or about the key or a header, so that only
 *   answers to other questions show that it is this text.
 * - `question too long`: question and answer do not fit the model's context window.
 * - `answer too long`: the model does not write so many tokens, whatever it is asked.
 */
export type Refusal = 'filtered' | 'perhaps filtered' | 'question too long' | 'answer too long';

/** One way in which servers say it. `code`, `names`, `says`, `reports`: any of them is enough. */
export interface RefusalRow {
  server: string;
  refusal: Refusal;
  /** Its `code` or `type`. */
  code?: RegExp;
  /** Its name for the refusal where its message has that: as certain as a code. */
  names?: readonly RegExp[];
  /** In its message, without what that repeats of the request. */
  says?: readonly RegExp[];
  /** Whether its words are also said of a rate or a queue: then they mean nothing under status 429 or 5xx. */
  vague?: true;
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
      /exceeds? the (?:model'?s )?max(?:imum)? (?:allowed )?(?:context (?:length|limit|size|window)|sequence length)/i,
    ],
  },
  {
    server: 'SGLang',
    refusal: 'question too long',
    vague: true,
    says: [/exceeds? the (?:model'?s )?max(?:imum)? (?:allowed )?(?:input|sequence)? ?(?:length|limit|size|window)/i],
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
    vague: true,
    says: [/exceeds? the maximum number of (?:input )?tokens/i, /input token count/i],
  },
  {
    server: 'Groq',
    refusal: 'question too long',
    vague: true,
    says: [/reduce the length of (?:the|your) (?:input |prompt)?(?:messages|prompt|input)?/i, /request too large for/i],
  },
  { server: 'Azure', refusal: 'question too long', vague: true, says: [/input tokens exceed the configured limit/i] },
  {
    server: 'Cerebras',
    refusal: 'question too long',
    vague: true,
    says: [/current length is \d+ while limit is \d+/i],
  },
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
  { server: 'LiteLLM', refusal: 'question too long', names: [/ContextWindowExceededError/] },
  {
    server: 'Moonshot',
    refusal: 'question too long',
    vague: true,
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
    code: /^(?:content_policy_violation|moderation_blocked|cyber_policy)$/i,
    says: [
      /\b(?:prompt|input|text|message)s?\b.{0,60}violat\w* (?:of )?our (?:usage|content|use)? ?polic/i,
      /limited access to this content for safety/i,
      /rejected (?:as a result of|by) (?:our|the) safety system/i,
    ],
  },
  {
    server: 'DashScope',
    refusal: 'filtered',
    code: /data_?inspection_?failed/i,
    names: [/data_?inspection_?failed/i],
    says: [/may contain inappropriate content/i],
  },
  { server: 'DeepSeek', refusal: 'filtered', says: [/content exists risk/i] },
  {
    server: 'OpenRouter',
    refusal: 'filtered',
    reports: 'flagged_input',
    says: [/(?:input|prompt|output|message) (?:was|were|has been|is) (?:flagged|moderated)\b/i, /requires moderation/i],
  },
  { server: 'OpenRouter', refusal: 'filtered', reports: 'reasons' },
  { server: 'OpenRouter', refusal: 'filtered', reports: 'patterns' },
  { server: 'xAI', refusal: 'filtered', names: [/SAFETY_CHECK_TYPE/], says: [/content violates usage guidelines/i] },
  {
    server: 'Gemini',
    refusal: 'filtered',
    names: [/PROHIBITED_CONTENT/],
    says: [
      /(?:prompt|response|request)\b.{0,20}blocked (?:due to|for|because of) (?:safety|prohibited|recitation)/i,
      /block_?reason/i,
    ],
  },
  { server: 'Moonshot', refusal: 'filtered', says: [/considered high risk/i] },
  {
    server: 'Volcengine',
    refusal: 'filtered',
    code: /SensitiveContentDetected/i,
    names: [/SensitiveContentDetected/i],
    says: [/\b(?:input|output|prompt|text)\b.{0,40}sensitive (?:content|information|words?)/i],
  },
  {
    server: 'Zhipu',
    refusal: 'filtered',
    code: /^1301$/,
    says: [/(?:输入|输出|生成|内容|文本|提示词).{0,20}(?:不安全|敏感|违规|审核)/],
  },
  { server: 'MiniMax', refusal: 'filtered', code: /^102[67]$/, says: [/new_sensitive/i] },
  {
    server: 'Anthropic',
    refusal: 'filtered',
    says: [/\b(?:input|output|prompt)\b.{0,20}blocked by (?:our )?content filtering/i],
  },
  {
    server: 'Bedrock',
    refusal: 'filtered',
    code: /guardrail_intervened/i,
    says: [/blocked by (?:a )?(?:guardrail|content moderation)/i],
  },
  {
    server: 'LiteLLM',
    refusal: 'filtered',
    names: [/ContentPolicyViolation/, /content_policy_violation/, /ResponsibleAIPolicyViolation/],
  },
  {
    server: 'OpenAI and others',
    refusal: 'perhaps filtered',
    vague: true,
    says: [
      /violat\w* (?:of )?our (?:usage|content|use)? ?polic/i,
      /content violates/i,
      /(?:input|prompt|output|message|request|content) (?:was|were|has been|is) (?:flagged|moderated|blocked by)\b/i,
      /blocked (?:due to|for|because of) (?:safety|prohibited|content|recitation)/i,
      /blocked by (?:a |our )?(?:content )?(?:filter|moderation)/i,
      /sensitive (?:content|information|words?)/i,
      /不安全|敏感|违规|内容安全|审核/,
    ],
  },
];
