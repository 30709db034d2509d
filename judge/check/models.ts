import OpenAI from 'openai';
import type { OpenAiJudgeConfig } from '../client/openai.ts';

/** A server may list what it likes. */
const MOST_MODELS = 1000;

/** Names of the models that an endpoint lists; `undefined` where it lists none, or nothing that can be read. */
export async function modelsOf(config: OpenAiJudgeConfig, env: NodeJS.ProcessEnv): Promise<string[] | undefined> {
  const client = new OpenAI({
    apiKey: env[config.apiKeyEnv] ?? '',
    baseURL: config.baseUrl,
    maxRetries: 0,
    timeout: config.timeoutSeconds * 1000,
    logLevel: 'off',
  });
  try {
    const { data } = await client.models.list({ signal: AbortSignal.timeout(config.timeoutSeconds * 1000) });
    return data.slice(0, MOST_MODELS).map(({ id }) => String(id));
  } catch {
    return undefined;
  }
}
