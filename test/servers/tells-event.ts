import type { Answer } from './openai-server.ts';

/** A model that annotates captions: all of a caption is its one event. */
export const tellsEvent: Answer = (question) => {
  const { caption } = question as unknown as { caption: string };
  return { thought: [], events: [caption.toLowerCase().replace('.', '')] };
};
