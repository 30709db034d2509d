import type { Question } from '../questions/question.ts';

/** The two messages of a question. */
export type ChatMessages = [{ role: 'system'; content: string }, { role: 'user'; content: string }];

/** A question's messages. The untrusted text has one of its own; `note` says what was wrong with the last answer. */
export function messagesOf({ prompt, data }: Question<unknown>, note: string): ChatMessages {
  return [
    { role: 'system', content: `${prompt.text}${note}` },
    { role: 'user', content: escapeChatMarkup(data) },
  ];
}

/**
 * The same in one message, for chat templates without a system role: the untrusted JSON, which has no line break, is
 * the last line.
 */
export function withoutSystemRole([system, user]: ChatMessages): [{ role: 'user'; content: string }] {
  return [{ role: 'user', content: `${system.content}\n\nThe user message:\n${user.content}` }];
}

/**
 * JSON in which a chat template finds none of its own marks. Many servers read marks such as `<|im_end|>`, `</s>` or
 * `[INST]` wherever they stand, so a text that holds them could end its message and begin one of the assistant. Within
 * JSON strings, `<`, and `[` before a capital or a slash, may be written as escapes; outside of strings, neither
 * occurs.
 */
export function escapeChatMarkup(value: unknown): string {
  return JSON.stringify(value).replace(/<|\[(?=\/?[A-Z])/g, (mark) => `\\u00${mark.charCodeAt(0).toString(16)}`);
}
