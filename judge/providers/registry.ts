import type { ChatApi } from '../client/chat-api.ts';
import type { LlmJudgeConfig, ProviderName } from '../judge-config.ts';
import type { EndpointCheck, EndpointCheckOptions } from './endpoint-check.ts';
import { checkEndpoint } from './openai/check-endpoint.ts';
import { OpenAiChat } from './openai/openai-chat.ts';

/**
 * What a provider of language models does. Its config fields are in `judge-config.ts`, which is pure; a provider that
 * is named there and missing here does not compile.
 */
export interface Provider<Config extends LlmJudgeConfig> {
  /**
   * Sends nothing yet.
   * @throws JudgeError `JudgeBlocked` when the key is not in the environment.
   */
  createApi(config: Config, env: NodeJS.ProcessEnv): ChatApi;
  /** What `videocap judge check` shows. */
  check(config: Config, options?: EndpointCheckOptions): Promise<EndpointCheck>;
}

const PROVIDERS: { [Name in ProviderName]: Provider<Extract<LlmJudgeConfig, { provider: Name }>> } = {
  openai: { createApi: (config, env) => new OpenAiChat(config, env), check: checkEndpoint },
};

/** The provider that a config names. */
export function providerOf<Config extends LlmJudgeConfig>({ provider }: Config): Provider<Config> {
  return PROVIDERS[provider] as Provider<Config>;
}
