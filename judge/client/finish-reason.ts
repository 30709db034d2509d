/**
 * What the end of a completion means, by the `finish_reason` that a server gives.
 * - `whole`: the model has finished. Also the meaning of an unknown word.
 * - `cut off`: at the limit of the answer's tokens.
 * - `window`: the model's context window is full.
 * - `filtered`: moderation has stopped it.
 * - `failed`: the server failed. A partial text is no answer.
 */
export type Ending = 'whole' | 'cut off' | 'window' | 'filtered' | 'failed';

const ENDINGS: readonly (readonly [RegExp, Ending])[] = [
  [/context_window|model_length|context_length/i, 'window'],
  [/^(?:length|max_?length|incomplete)$|truncat|token_?limit|max_?(?:\w+_?)?tokens/i, 'cut off'],
  // Gemini adds its own word: `content_filter: PROHIBITED_CONTENT`.
  [
    /content_?(?:filter|policy)|violation|safety|prohibited|block|recitation|spii|sensitive|guardrail|moderat|refus/i,
    'filtered',
  ],
  // OpenRouter and vLLM `error`, SGLang `abort`, DeepSeek `insufficient_system_resource`, Zhipu `network_error`.
  [/error|abort|cancel|fail|insufficient_system_resource|overload|time_?out|interrupt|malformed/i, 'failed'],
];

export function endingOf(finishReason: string): Ending {
  return ENDINGS.find(([word]) => word.test(finishReason))?.[1] ?? 'whole';
}
