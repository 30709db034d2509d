import { clipped } from '../../core/clipped.ts';
import { type CaptionedClip, type OutputForm, parseCompletion } from '../../core/completion.ts';
import { LONGEST_FACT } from '../../core/identity.ts';
import { afterThinking } from '../../judge/client/after-thinking.ts';
import { withoutCredentials } from '../../judge/client/credentials.ts';
import type { LlmClient } from '../../judge/client/llm-client.ts';
import { type BudgetScope, createLlmClient } from '../../judge/create-judge.ts';
import { type LlmJudgeConfig, PauseWhen } from '../../judge/judge-config.ts';
import type { JudgeUsage } from '../../judge/usage.ts';
import { type Asked, captionQuestion, type HowToAsk, type Written } from './caption-question.ts';
import type { OpenAiConfig } from './openai-config.ts';

interface Settings extends Omit<HowToAsk, 'framesAs'> {
  /** The model's name at the endpoint. */
  model: string;
  /** The form of its texts. */
  output: OutputForm;
  maxNewTokens: number;
}

/**
 * A vision model behind an endpoint. Captions are kept in the ledger, as the judge's answers are, under the hash of the
 * frames, the prompt, the endpoint, the model, its version and the settings: none is paid for twice.
 */
export class Captioner {
  readonly #client: LlmClient;
  readonly #engine: OpenAiConfig;
  readonly #settings: Settings;

  /** @throws JudgeError `JudgeBlocked` when the key is not in the environment, or may not be sent to the endpoint. */
  constructor(engine: OpenAiConfig, settings: Settings, scope: Omit<BudgetScope, 'section'>) {
    this.#engine = engine;
    this.#settings = settings;
    this.#client = createLlmClient(clientConfig(engine, settings), { ...scope, section: 'policy.engine' });
  }

  /** What the captions have cost that were asked for here. */
  get usage(): JudgeUsage {
    return this.#client.usage;
  }

  /** Throws a `JudgeError` for what is the endpoint's fault; what it refuses of one clip is in the result. */
  async caption(asked: Asked, signal?: AbortSignal): Promise<CaptionedClip> {
    const { sampleId, prompt } = asked;
    const how = { ...this.#settings, framesAs: this.#engine.frames };
    const outcome = await this.#client.ask(captionQuestion(asked, how), signal);
    const none = { sampleId, prompt, text: '', tokens: 0, parsed: { wellFormed: false } };
    if (!('answer' in outcome))
      return { ...none, notCaptioned: 'unscorable' in outcome ? outcome.reason : 'not answered yet' };
    const { tokens, isCut } = outcome.answer;
    const { output } = this.#settings;
    const text = output === 'plain' ? afterThinking(outcome.answer.text).trim() : outcome.answer.text;
    const by = this.#by(outcome.answer);
    if (text.trim() === '') return { ...none, notCaptioned: 'the captioner answered without a word', by };
    return {
      ...{ sampleId, prompt, text, tokens, parsed: parseCompletion(text, output) },
      ...(isCut && { cut: true }),
      by,
    };
  }

  #by({ by = {} }: Written) {
    const { model, ...rest } = by;
    const endpoint = clipped(withoutCredentials(this.#engine.baseUrl), LONGEST_FACT);
    return { endpoint, model: model ?? clipped(this.#settings.model, LONGEST_FACT), ...rest };
  }
}

/** The section as the client of language models takes it. */
function clientConfig(
  { kind: _, frames: __, ...endpoint }: OpenAiConfig,
  { model, maxNewTokens }: Settings,
): LlmJudgeConfig {
  return {
    ...endpoint,
    ...{ kind: 'llm', provider: 'openai', model, maxTokens: maxNewTokens },
    ...{ systemRole: true, answerFormat: 'text' },
    pauseWhen: PauseWhen.parse({}),
  };
}
