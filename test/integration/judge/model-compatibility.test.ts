import { describe, expect, test } from 'vitest';
import { ChatEndpoint } from '../../../judge/client/chat-endpoint.ts';
import { JudgeConfig } from '../../../judge/judge-config.ts';
import { OpenAiChat, type OpenAiJudgeConfig } from '../../../judge/providers/openai/openai-chat.ts';
import { eventEntailment } from '../../../judge/questions/event-entailment.ts';
import { reasoning, status, unsupported, unsupportedSaid } from '../../servers/openai-faults.ts';
import { type OpenAiServer, readsWords, startOpenAiServer } from '../../servers/openai-server.ts';

const CAPTION = 'A dog runs.';
const EVENTS = ['a dog runs', 'a cat sleeps'];

/** A client of a server's model. */
function client({ baseUrl }: OpenAiServer, concurrency = 1) {
  const config = JudgeConfig.parse({ kind: 'llm', model: 'm', baseUrl, apiKeyEnv: 'KEY', concurrency });
  const api = new OpenAiChat(config as OpenAiJudgeConfig, { KEY: 'sk-very-secret' });
  const endpoint = new ChatEndpoint(api, config as OpenAiJudgeConfig);
  return async (caption: string, events: string[]) => (await endpoint.ask(eventEntailment(caption, events))).outcome;
}

describe('a model that takes no temperature, and max_completion_tokens in place of max_tokens,', () => {
  test.each([
    ['as OpenAI says it', unsupported],
    ['as a proxy passes it on', unsupportedSaid],
  ])('is asked so from its first refusals on, by all who ask it: %s', async (_, refuse) => {
    const thinker = await startOpenAiServer(reasoning(readsWords, refuse));
    try {
      expect(await client(thinker)(CAPTION, EVENTS)).toEqual({ answer: ['entailment', 'neutral'] });
      expect(await client(thinker)('A cat sleeps.', EVENTS)).toEqual({ answer: ['neutral', 'entailment'] });
      const fields = thinker.requests.map(({ temperature, max_tokens, max_completion_tokens }) => ({
        ...{ temperature, max_tokens, max_completion_tokens },
      }));
      // Room to think, besides the 1024 tokens of an answer.
      expect(fields).toEqual([
        { temperature: 0, max_tokens: 1024 },
        { temperature: 0, max_completion_tokens: 1024 + 8192 },
        { max_completion_tokens: 1024 + 8192 },
        { max_completion_tokens: 1024 + 8192 },
      ]);
    } finally {
      await thinker.close();
    }
  });

  test('asked many questions at once, answers them all', async () => {
    const thinker = await startOpenAiServer(reasoning(readsWords));
    try {
      const ask = client(thinker, 8);
      const outcomes = await Promise.all([...'abcdefghijkl'].map((text) => ask(text, ['a'])));
      expect(outcomes.filter((outcome) => 'answer' in outcome)).toHaveLength(12);
    } finally {
      await thinker.close();
    }
  });

  test('and a value that is only too large blocks as ever', async () => {
    const server = await startOpenAiServer(readsWords);
    try {
      server.failNext(status(400, { code: 'invalid_value', param: 'max_tokens' }));
      await expect(client(server)(CAPTION, EVENTS)).rejects.toMatchObject({ code: 'JudgeBlocked' });
      expect(server.requests).toHaveLength(1);
    } finally {
      await server.close();
    }
  });
});
