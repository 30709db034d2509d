import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { RuleBasedJudge } from '../../../judge/rule-based/rule-based-judge.ts';

interface Question {
  description: string;
  events?: { index: number; event: string }[];
}

/**
 * An OpenAI-compatible endpoint that judges by the small world's rules, keeps a bill, and can die and come back at the
 * same address.
 */
export class JudgeEndpoint {
  /** Answers given, by the body of the request: prompt, question, and all that goes with them. */
  readonly answered = new Map<string, number>();
  #server: Server | undefined;
  #port = 0;

  get baseUrl(): string {
    return `http://127.0.0.1:${this.#port}/v1`;
  }

  async start(): Promise<void> {
    const judge = new RuleBasedJudge();
    const server = createServer(async (incoming, response) => {
      let text = '';
      for await (const chunk of incoming) text += chunk;
      const { messages, model } = JSON.parse(text) as { model: string; messages: { content: string }[] };
      const content = messages.at(-1)!.content;
      const { description, events } = JSON.parse(content) as Question;
      const outcome = events
        ? await judge.entail(
            description,
            events.map(({ event }) => event),
          )
        : await judge.extractEvents(description);
      if (!('answer' in outcome)) throw new Error('The rules answer everything.');
      const answer = events
        ? { verdicts: outcome.answer.map((relationship, i) => ({ index: i + 1, relationship })) }
        : { events: outcome.answer };
      const message = { role: 'assistant', content: JSON.stringify(answer), refusal: null };
      response.writeHead(200, { 'content-type': 'application/json' }).end(
        JSON.stringify({
          ...{ id: 'chatcmpl-1', object: 'chat.completion', created: 1, model },
          choices: [{ index: 0, finish_reason: 'stop', message }],
          usage: { prompt_tokens: content.length, completion_tokens: 5, total_tokens: content.length + 5 },
        }),
        () => this.answered.set(text, (this.answered.get(text) ?? 0) + 1),
      );
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (!server) return;
    this.#server = undefined;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }
}
